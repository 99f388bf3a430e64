import { beforeEach, expect, test } from 'vitest';
import { KubeClient } from './api/client.ts';
import { EventRecorder } from './event-recorder.ts';
import type { ConfigMap, Event } from './objects/kinds.ts';
import { FakeApi } from './testing/fake-api.ts';
import { FakeTransport } from './testing/fake-transport.ts';
import { VirtualClock } from './testing/virtual-clock.ts';
import type { Live } from './objects/types.ts';

let api: FakeApi;
let clock: VirtualClock;
let transport: FakeTransport;
let recorder: EventRecorder;
const fields = { type: 'Normal', reason: 'Provisioned', action: 'Create', note: 'done' } as const;

beforeEach(() => {
  api = new FakeApi();
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  transport = new FakeTransport(api);
  recorder = new EventRecorder({
    client: new KubeClient(transport, { fieldManager: 'test' }),
    reportingController: 'example.com/operator',
    reportingInstance: 'pod-0',
    clock,
  });
});

test('an Event names what it is about, who tells it and when', async () => {
  recorder.event(object('a'), fields);
  await recorder.flush();
  expect(events()).toMatchObject([
    {
      metadata: { namespace: 'n', name: expect.stringMatching(/^a\.[0-9a-f]{16}$/) as string },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/operator',
      reportingInstance: 'pod-0',
      regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'a', uid: 'uid-a' },
      ...fields,
    },
  ]);
  expect(events()[0]?.series).toBeUndefined();
});

test('what repeats within six minutes is counted in one Event', async () => {
  for (let minute = 0; minute < 5; minute++) {
    recorder.event(object('a'), fields);
    await recorder.flush();
    await clock.advance(60_000);
  }
  expect(events()).toHaveLength(1);
  expect(events()[0]?.series).toEqual({ count: 5, lastObservedTime: '2026-01-01T00:04:00.000000Z' });
  await clock.advance(6 * 60_000);
  recorder.event(object('a'), fields);
  await recorder.flush();
  expect(events()).toHaveLength(2);
});

test('another note, reason or object is another Event', async () => {
  recorder.event(object('a'), fields);
  recorder.event(object('a'), { ...fields, note: 'again' });
  recorder.event(object('a'), { ...fields, reason: 'Other' });
  recorder.event(object('b'), fields);
  await recorder.flush();
  expect(events()).toHaveLength(4);
});

test('a storm about one object costs few writes, loses no count, and leaves the others theirs', async () => {
  for (let round = 0; round < 500; round++) {
    recorder.event(object('noisy'), fields);
    await recorder.flush();
  }
  for (let round = 0; round < 500; round++)
    recorder.event(object('noisy'), { ...fields, note: `note ${round}` });
  recorder.event(object('quiet'), fields);
  await recorder.flush();
  expect(api.requests.length).toBeLessThanOrEqual(17);
  expect(events().filter(({ regarding }) => regarding?.name === 'quiet')).toHaveLength(1);
  await clock.advance(60_000);
  recorder.event(object('noisy'), fields);
  await recorder.flush();
  expect(events().find(({ note }) => note === 'done')?.series?.count).toBe(501);
});

test('what happens while the first is being written is one series, written once', async () => {
  for (let round = 0; round < 10; round++) recorder.event(object('a'), fields);
  await recorder.flush();
  expect(events()[0]?.series?.count).toBe(10);
  expect(api.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH']);
});

test('an Event that the API server forgot begins anew', async () => {
  recorder.event(object('a'), fields);
  await recorder.flush();
  const first = events()[0]?.metadata?.name as string;
  await transport.request({ method: 'DELETE', path: `/apis/events.k8s.io/v1/namespaces/n/events/${first}` });
  recorder.event(object('a'), fields);
  await recorder.flush();
  recorder.event(object('a'), fields);
  await recorder.flush();
  expect(events()).toHaveLength(1);
  expect(events()[0]?.series).toBeUndefined();
});

test('what cannot be written is given up, and the next is written', async () => {
  transport.fault = () => ({ what: 'refuse', code: 403 });
  recorder.event(object('a'), fields);
  await recorder.flush();
  transport.fault = () => undefined;
  recorder.event(object('b'), fields);
  await recorder.flush();
  expect(events()).toHaveLength(1);
});

/** Writes that wait until they are let go. */
function held(): { open: () => number; most: () => number; release: () => void } {
  const waiting: (() => void)[] = [];
  let most = 0;
  let isOpen = false;
  const client = {
    create: async (_: unknown, event: Event, signal: AbortSignal) => {
      if (isOpen) return written.push(event);
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
      return written.push(event);
    },
    patch: () => Promise.resolve(),
  } as unknown as KubeClient;
  recorder = new EventRecorder({ client, reportingController: 'c', reportingInstance: 'i', clock });
  written = [];
  return {
    open: () => waiting.length,
    most: () => most,
    release: () => {
      isOpen = true;
      for (const each of waiting.splice(0)) each();
    },
  };
}

let written: Event[] = [];

test('four are written at once, and never two of one series', async () => {
  const writes = held();
  for (let index = 0; index < 20; index++) recorder.event(object(`o${index}`), fields);
  for (let round = 0; round < 5; round++) recorder.event(object('o0'), fields);
  await clock.advance(0);
  expect(writes.most()).toBe(4);
  writes.release();
  await recorder.flush();
  expect(written).toHaveLength(20);
});

test('when too many wait, what is Normal is dropped before a Warning, and written after it', async () => {
  const writes = held();
  for (let index = 0; index < 1_004; index++) recorder.event(object(`o${index}`), fields);
  recorder.event(object('late'), fields);
  for (let index = 0; index < 3; index++) recorder.event(object(`w${index}`), { ...fields, type: 'Warning' });
  writes.release();
  await recorder.flush();
  const names = written.map(({ regarding }) => regarding?.name);
  expect(names).toHaveLength(1_004);
  expect(names.slice(4, 7)).toEqual(['w0', 'w1', 'w2']);
  expect(['late', 'o1001', 'o1002', 'o1003'].filter((name) => names.includes(name))).toEqual([]);
});

test('at the end, what cannot be written within two seconds is given up', async () => {
  const writes = held();
  for (let index = 0; index < 10; index++) recorder.event(object(`o${index}`), fields);
  let ended = false;
  const flushed = recorder.flush().then(() => (ended = true));
  await clock.advance(1_990);
  expect([writes.open(), ended]).toEqual([4, false]);
  await clock.advance(10);
  await flushed;
  expect(written).toEqual([]);
  writes.release();
  recorder.event(object('after'), fields);
  await recorder.flush();
  expect(written.map(({ regarding }) => regarding?.name)).toEqual(['after']);
});

test('names and notes stay within the limits of the API', async () => {
  recorder.event(object('x'.repeat(253)), { ...fields, note: '💧'.repeat(400) });
  await recorder.flush();
  const [event] = events();
  expect(event?.metadata?.name?.length).toBeLessThanOrEqual(253);
  expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1024);
  expect(event?.note).toMatch(/^(💧)+…$/u);
});

test('an Event about a cluster-scoped object lives in the namespace "default"', async () => {
  recorder.event({ kind: 'Node', metadata: { name: 'a', uid: 'u', resourceVersion: '1' } }, fields);
  await recorder.flush();
  expect(events()[0]?.metadata?.namespace).toBe('default');
  expect(events()[0]?.regarding?.namespace).toBeUndefined();
});

function object(name: string): Live<ConfigMap> {
  const metadata = { namespace: 'n', name, uid: `uid-${name}`, resourceVersion: '1' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

function events(): Event[] {
  return api.objects('events.k8s.io/v1/events') as unknown as Event[];
}
