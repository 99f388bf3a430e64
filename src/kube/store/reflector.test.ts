import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeClient } from '../api/client.ts';
import { systemClock } from '../clock.ts';
import { HttpTransport } from '../api/http-transport.ts';
import { ConfigMap } from '../objects/kinds.ts';
import type { Logger } from '../log.ts';
import { silentLogger } from '../log.ts';
import type { ReflectorOptions } from './reflector-options.ts';
import { Reflector } from './reflector.ts';
import type { Change } from './store-options.ts';
import { Store } from './store.ts';
import { FakeApi } from '../testing/fake-api.ts';
import { FakeApiserver } from '../testing/fake-apiserver.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';

let api: FakeApi;
let clock: VirtualClock;
let transport: FakeTransport;
let stop: AbortController;
let running: Promise<void>[];
/** Past every fault: writes what the test's other side does. */
let other: KubeClient;

beforeEach(() => {
  api = new FakeApi();
  clock = new VirtualClock();
  transport = new FakeTransport(api);
  stop = new AbortController();
  running = [];
  other = new KubeClient(new FakeTransport(api), { fieldManager: 'other' });
});

afterEach(async () => {
  stop.abort();
  await clock.advance(0);
  await Promise.all(running);
});

test('the store follows the server through creates, updates and deletes', async () => {
  await put('a');
  const { store } = reflect();
  await clock.advance(0);
  expect(names(store)).toEqual(['a']);
  await put('b');
  await put('a', 'changed');
  await other.delete(ConfigMap, { namespace: 'n', name: 'b' });
  await clock.advance(0);
  expect(names(store)).toEqual(['a']);
  expect(store.get('n/a')?.data).toEqual({ value: 'changed' });
});

test('a long list comes in pages of one moment', async () => {
  for (let index = 0; index < 23; index++) await put(`m${index}`);
  const { store } = reflect({ pageSize: 5 });
  await clock.advance(0);
  expect(store.size).toBe(23);
  expect(count('GET')).toBe(5);
});

test('each page of a list is made small as it comes, and the event loop has its turns between', async () => {
  for (let index = 0; index < 240; index++) await put(`m${index}`);
  const made: number[] = [];
  let inTurn = 0;
  let longest = 0;
  const store = new Store<ConfigMap>({
    transform: (object) => {
      made.push(count('GET'));
      longest = Math.max(longest, ++inTurn);
      // After what is done in this turn, and before what waits for the next one.
      if (inTurn === 1) setImmediate(() => (inTurn = 0));
      return { metadata: object.metadata };
    },
  });
  reflect({ store, pageSize: 220 });
  for (let turns = 0; turns < 10; turns++) await clock.advance(0);
  expect(store.size).toBe(240);
  // 220 of them before the second page was asked for.
  expect([made.filter((asked) => asked === 1).length, made.length]).toEqual([220, 240]);
  expect(longest).toBeLessThanOrEqual(120);
});

test('a list whose page token expires begins again', async () => {
  for (let index = 0; index < 10; index++) await put(`m${index}`);
  let pages = 0;
  transport.fault = (_, what) => {
    if (what === 'request' && ++pages === 2) api.compact();
    return undefined;
  };
  const { store } = reflect({ pageSize: 4 });
  await clock.advance(2000);
  expect(store.size).toBe(10);
});

test('connection reset: the watch resumes where it was, without a list', async () => {
  const server = await FakeApiserver.start(api);
  const http = new HttpTransport({ credentials: server.credentials, userAgent: 'test' });
  const { store } = reflect({ client: new KubeClient(http, { fieldManager: 'test' }), clock: systemClock });
  try {
    await put('a');
    await until(() => store.size === 1 && server.openStreams === 1);
    server.resetStreams();
    await put('b');
    await until(() => store.size === 2);
    expect(count('GET')).toBe(1);
  } finally {
    stop.abort();
    await Promise.all(running);
    await http.close();
    await server[Symbol.asyncDispose]();
  }
});

test('half-open connection: a watch that says nothing is given up, and what it missed is told', async () => {
  const server = await FakeApiserver.start(api);
  const http = new HttpTransport({ credentials: server.credentials, userAgent: 'test' });
  const client = new KubeClient(http, { fieldManager: 'test' });
  const { store } = reflect({ client, silenceMs: 300, clock: systemClock });
  try {
    await put('a');
    await until(() => store.size === 1 && server.openStreams === 1);
    server.freezeStreams();
    await put('b');
    await until(() => store.size === 2);
    expect(store.size).toBe(2);
  } finally {
    stop.abort();
    await Promise.all(running);
    await http.close();
    await server[Symbol.asyncDispose]();
  }
});

test('silence: bookmarks keep a quiet watch alive, without them it is given up after 75 s', async () => {
  reflect();
  for (let minute = 0; minute < 4; minute++) {
    await clock.advance(60_000);
    api.bookmark();
  }
  await clock.advance(74_000);
  expect(count('WATCH')).toBe(1);
  await clock.advance(2_000);
  expect(count('WATCH')).toBe(2);
});

test('a long silence leads to a list, ever more rarely: the version may be one that the server does not know', async () => {
  reflect();
  await clock.advance(3 * 76_000);
  expect([count('GET'), count('WATCH')]).toEqual([1, 4]);
  await clock.advance(76_000);
  expect([count('GET'), count('WATCH')]).toEqual([2, 5]);
  await clock.advance(7 * 76_000);
  expect(count('GET')).toBe(2);
  await clock.advance(76_000);
  expect(count('GET')).toBe(3);
});

test('a watch that the server has taken is heard of, though nothing happens; one that it refuses is not', async () => {
  let heard = 0;
  const metrics = { listed: () => {}, heard: () => void heard++, ended: () => {} };
  reflect({ metrics });
  await clock.advance(0);
  expect(heard).toBe(1);
  await clock.advance(75_000);
  transport.fault = (_, what) => (what === 'watch' ? { what: 'refuse', code: 500 } : undefined);
  const before = heard;
  await clock.advance(120_000);
  expect(heard).toBe(before);
});

test('bookmarks move the version on: a quiet watch does not age out of the history', async () => {
  const { store } = reflect();
  await clock.advance(0);
  const elsewhere = { metadata: { namespace: 'elsewhere', name: 'x' } };
  await other.create({ ...ConfigMap, plural: 'others' }, elsewhere);
  api.bookmark();
  await clock.advance(60_000);
  api.compact();
  api.endWatches();
  await put('late');
  await clock.advance(1_000);
  expect(names(store)).toEqual(['late']);
  expect(count('GET')).toBe(1);
});

test('a bookmark ends the waiting for a write that the watch cannot see', async () => {
  const { store } = reflect({ labelSelector: 'app=a' });
  await clock.advance(0);
  store.recordWrite(await other.create(ConfigMap, { metadata: { namespace: 'n', name: 'unlabelled' } }));
  expect(store.size).toBe(1);
  api.bookmark();
  await clock.advance(0);
  expect(store.size).toBe(0);
});

test('410: what was forgotten is listed again, also deletes', async () => {
  await put('stays');
  await put('goes');
  const { store } = reflect();
  await clock.advance(60_000);
  transport.fault = (_, what) => (what === 'watch' ? { what: 'lost' } : undefined);
  api.endWatches();
  await clock.advance(0);
  await other.delete(ConfigMap, { namespace: 'n', name: 'goes' });
  await put('comes');
  api.compact();
  transport.fault = () => undefined;
  await clock.advance(5_000);
  expect(names(store)).toEqual(['comes', 'stays']);
  expect(count('GET')).toBe(2);
});

test('410: nothing in the list after it is made small by what was kept, for the past may be another', async () => {
  const told: string[] = [];
  const store = new Store<ConfigMap>({
    transform: (object, before) => {
      told.push(`${object.metadata.name}=${object.data?.['value']} by ${before?.data?.['value'] ?? 'none'}`);
      return object;
    },
  });
  await put('a', '1');
  await put('same', '1');
  reflect({ store, pageSize: 1 });
  await clock.advance(60_000);
  transport.fault = (_, what) => (what === 'watch' ? { what: 'lost' } : undefined);
  api.endWatches();
  await clock.advance(0);
  await put('a', '2');
  api.compact();
  told.length = 0;
  // The list fails once, and the next one comes after the gap too.
  let lists = 0;
  transport.fault = (_, what) =>
    what === 'request' && ++lists === 1 ? { what: 'refuse', code: 500 } : undefined;
  await clock.advance(10_000);
  expect(lists).toBeGreaterThan(1);
  expect(told.splice(0)).toEqual(['a=2 by none']);
  await put('a', '3');
  await clock.advance(0);
  expect(told).toEqual(['a=3 by 2']);
});

test('410 storm: lists are no more than the backoff allows', async () => {
  await put('a');
  transport.fault = (_, what) =>
    what === 'watch' ? { what: 'refuse', code: 410, reason: 'Expired' } : undefined;
  const { store } = reflect();
  await clock.advance(120_000);
  // 0.8 + 1.6 + 3.2 + 6.4 + 12.8 + 25.6 + 30 + 30 s, if chance adds nothing.
  expect(count('GET')).toBeLessThanOrEqual(9);
  expect(count('GET')).toBeGreaterThan(3);
  await put('b');
  transport.fault = () => undefined;
  await clock.advance(30_000);
  expect(names(store)).toEqual(['a', 'b']);
});

test('429: Retry-After is honoured, and never shortened by the backoff', async () => {
  let asked = 0;
  transport.fault = () => {
    asked++;
    return { what: 'refuse', code: 429, reason: 'TooManyRequests', retryAfterMs: 20_000 };
  };
  const { store } = reflect();
  await clock.advance(19_900);
  expect(asked).toBe(1);
  await clock.advance(200);
  expect(asked).toBe(2);
  transport.fault = () => undefined;
  await clock.advance(20_000);
  expect(store.hasSynced).toBe(true);
});

test('500 on list: it is tried again until it works, with growing waits', async () => {
  let asked = 0;
  transport.fault = () => {
    asked++;
    return { what: 'refuse', code: 500 };
  };
  const { store } = reflect();
  await clock.advance(5 * 60_000);
  expect(asked).toBeGreaterThan(8);
  expect(asked).toBeLessThan(17);
  transport.fault = () => undefined;
  await put('a');
  await clock.advance(30_000);
  expect(names(store)).toEqual(['a']);
});

test('500 as an ERROR event: the watch resumes without a list', async () => {
  const { store } = reflect();
  await clock.advance(20_000);
  api.failWatches(500, 'InternalError');
  await put('a');
  await clock.advance(2_000);
  expect(names(store)).toEqual(['a']);
  expect([count('GET'), count('WATCH')]).toEqual([1, 2]);
});

test('410 as an ERROR event in the middle of a watch: a list', async () => {
  const { store } = reflect();
  await clock.advance(20_000);
  await put('a');
  api.failWatches(410, 'Expired');
  await clock.advance(2_000);
  expect(names(store)).toEqual(['a']);
  expect([count('GET'), count('WATCH')]).toEqual([2, 2]);
});

test('403 and 404 (a kind that is not installed yet) are said once, and waited out', async () => {
  const warned: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_, message) => warned.push(message), child: () => log };
  transport.fault = () => ({ what: 'refuse', code: 404 });
  const { store } = reflect({ log });
  await clock.advance(5 * 60_000);
  expect(warned).toHaveLength(1);
  transport.fault = () => undefined;
  await clock.advance(30_000);
  expect(store.hasSynced).toBe(true);
});

test('watches that end at once, each after an event, do not become a flood', async () => {
  reflect();
  for (let second = 0; second < 60; second++) {
    await put(`m${second}`);
    await clock.advance(0);
    api.endWatches();
    await clock.advance(1_000);
  }
  expect(count('WATCH')).toBeLessThan(12);
});

test('the regular end of a watch is followed by the next at once', async () => {
  reflect();
  for (let round = 0; round < 5; round++) {
    await clock.advance(60_000);
    api.bookmark();
    api.endWatches();
    await clock.advance(0);
  }
  expect(count('WATCH')).toBe(6);
});

test('throwing handler: no event is lost for the others, and the watch goes on', async () => {
  const errors: unknown[] = [];
  const { store, keys } = reflect({
    store: new Store<ConfigMap>({ onError: (error) => errors.push(error) }),
  });
  store.onChange(({ key }) => {
    throw new Error(`cannot cope with ${key}`);
  });
  await put('a');
  await clock.advance(0);
  await put('b');
  await put('c');
  await clock.advance(0);
  expect(keys).toEqual(['n/a', 'n/b', 'n/c']);
  expect(errors).toHaveLength(3);
  expect(count('WATCH')).toBe(1);
});

test('event storm: ten thousand changes are all told, over one watch', async () => {
  const { store, keys } = reflect();
  await clock.advance(0);
  for (let round = 0; round < 100; round++) {
    for (let index = 0; index < 100; index++) await put(`m${index}`, String(round));
    await clock.advance(10);
  }
  expect(store.size).toBe(100);
  expect(new Set(Array.from(store.list(), ({ data }) => data?.['value']))).toEqual(new Set(['99']));
  expect(keys).toHaveLength(10_000);
  expect(count('WATCH')).toBe(1);
});

test('delete and recreate between lists: told as gone and as new, by the uid', async () => {
  await put('a');
  const { store, changes } = reflect();
  await clock.advance(60_000);
  const first = store.get('n/a');
  transport.fault = () => ({ what: 'lost' });
  api.endWatches();
  await clock.advance(0);
  await other.delete(ConfigMap, { namespace: 'n', name: 'a' });
  await put('a');
  api.compact();
  changes.length = 0;
  transport.fault = () => undefined;
  await clock.advance(5_000);
  expect(changes.map(({ before, after }) => [before?.metadata.uid, after?.metadata.uid])).toEqual([
    [first?.metadata.uid, undefined],
    [undefined, store.get('n/a')?.metadata.uid],
  ]);
});

test('a selector is kept, and what leaves it is gone', async () => {
  await put('in', '', { app: 'a' });
  await put('out', '', { app: 'b' });
  const { store } = reflect({ labelSelector: 'app=a' });
  await clock.advance(0);
  expect(names(store)).toEqual(['in']);
  await put('in', '', { app: 'b' });
  await put('out', '', { app: 'a' });
  await clock.advance(0);
  expect(names(store)).toEqual(['out']);
});

test('of one object by its name, nothing else is kept', async () => {
  await put('wanted');
  const { store } = reflect({ fieldSelector: 'metadata.name=wanted' });
  await clock.advance(0);
  await put('other');
  await put('wanted', '2');
  await clock.advance(0);
  expect(names(store)).toEqual(['wanted']);
});

test('stopping ends it wherever it is: listing, watching or waiting', async () => {
  for (const fault of [undefined, 'hang', 'lost'] as const) {
    const end = new AbortController();
    transport.fault = () => (fault ? { what: fault } : undefined);
    const client = new KubeClient(transport, { fieldManager: 'test' });
    const run = new Reflector({ client, kind: ConfigMap, store: new Store(), clock }).run(end.signal);
    await clock.advance(100);
    end.abort();
    await run;
  }
  expect(api.openWatches).toBe(0);
  expect(clock.pending).toBe(0);
});

function reflect(options: Partial<ReflectorOptions<ConfigMap>> = {}): {
  store: Store<ConfigMap>;
  changes: Change<ConfigMap>[];
  keys: string[];
} {
  const store = options.store ?? new Store<ConfigMap>();
  const changes: Change<ConfigMap>[] = [];
  const keys: string[] = [];
  store.onChange((change) => {
    changes.push(change);
    keys.push(change.key);
  });
  const client = new KubeClient(transport, { fieldManager: 'test' });
  const reflector = new Reflector({ client, kind: ConfigMap, store, clock, random: () => 0, ...options });
  running.push(reflector.run(stop.signal));
  return { store, changes, keys };
}

async function put(name: string, value = '', labels: Record<string, string> = {}): Promise<void> {
  const object = { metadata: { namespace: 'n', name, labels }, data: { value } };
  await other.apply(ConfigMap, object);
}

function names(store: Store<ConfigMap>): string[] {
  return Array.from(store.list(), ({ metadata }) => metadata.name).toSorted();
}

/** Requests of the reflector; those of the test's other side are writes. */
function count(method: string): number {
  return api.requests.filter((request) => request.method === method).length;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
