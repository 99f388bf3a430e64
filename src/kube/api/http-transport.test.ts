import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeClient } from './client.ts';
import type { HttpTransportOptions, RequestDone } from './http-transport.ts';
import { HttpTransport, resourceOf } from './http-transport.ts';
import { ConfigMap } from '../objects/kinds.ts';
import { collect } from '../testing/collect.ts';
import { FakeApi } from '../testing/fake-api.ts';
import { FakeApiserver } from '../testing/fake-apiserver.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { WatchEvent } from './transport.ts';

const MAPS = '/api/v1/namespaces/n/configmaps';
let api: FakeApi;
let server: FakeApiserver;
let transports: HttpTransport[];

beforeEach(async () => {
  api = new FakeApi();
  server = await FakeApiserver.start(api);
  transports = [];
});

afterEach(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
  await server[Symbol.asyncDispose]();
});

test('many requests share few connections', async () => {
  const transport = open({ connections: 4 });
  await Promise.all(Array.from({ length: 100 }, () => transport.request({ method: 'GET', path: MAPS })));
  expect(server.accepted).toBeLessThanOrEqual(4);
});

test('a hundred watches leave requests their connections', async () => {
  const transport = open({ connections: 2 });
  const stop = new AbortController();
  const watches = Array.from({ length: 100 }, () => read(transport, stop.signal));
  await until(() => server.openStreams === 100);
  await create(transport, 'a');
  await Promise.all(watches.map(async (watch) => expect((await watch.first).type).toBe('ADDED')));
  stop.abort();
  await Promise.all(watches.map((watch) => watch.ended));
});

test('events arrive whole when their bytes come in pieces', async () => {
  server.chunkBytes = 3;
  const transport = open();
  const stop = new AbortController();
  const watch = read(transport, stop.signal);
  await until(() => server.openStreams === 1);
  await create(transport, 'a', { greeting: 'grüß gott ☕ 💧' });
  expect((await watch.first).object).toMatchObject({ data: { greeting: 'grüß gott ☕ 💧' } });
  stop.abort();
  await watch.ended;
});

test('leaving a watch closes its connection', async () => {
  const transport = open();
  await create(transport, 'a');
  const query = { watch: 'true', resourceVersion: '0' };
  for await (const event of transport.watch({ method: 'GET', path: MAPS, query })) {
    expect(event.type).toBe('ADDED');
    break;
  }
  await until(() => server.openStreams === 0);
});

test('a request that is not answered in time is a Timeout', async () => {
  server.fault = () => ({ what: 'hang' });
  const asked = open().request({ method: 'GET', path: MAPS, timeoutMs: 50 });
  await expect(asked).rejects.toMatchObject({ code: 0, reason: 'Timeout' });
});

test('a watch whose answer does not begin in time is a Timeout', async () => {
  server.fault = () => ({ what: 'hang' });
  const watch = open({ timeoutMs: 50 }).watch({ method: 'GET', path: MAPS, query: { watch: 'true' } });
  await expect(collect(watch)).rejects.toMatchObject({ code: 0, reason: 'Timeout' });
});

test('an aborted request is Aborted, whatever the reason given', async () => {
  server.fault = () => ({ what: 'hang' });
  const stop = new AbortController();
  const asked = open().request({ method: 'GET', path: MAPS, signal: stop.signal });
  stop.abort(new Error('leadership lost'));
  await expect(asked).rejects.toMatchObject({ code: 0, reason: 'Aborted', isTransient: false });
});

test('a connection reset is a ConnectionReset, for requests and for watches', async () => {
  const transport = open();
  const watch = read(transport, undefined);
  await until(() => server.openStreams === 1);
  server.resetStreams();
  await expect(watch.ended).rejects.toMatchObject({ code: 0, reason: 'ConnectionReset' });
  server.fault = () => ({ what: 'reset' });
  await expect(transport.request({ method: 'GET', path: MAPS })).rejects.toMatchObject({
    reason: 'ConnectionReset',
    isTransient: true,
  });
});

test('Retry-After is read in seconds and as a date', async () => {
  const transport = open();
  server.fault = () => ({ what: 'refuse', code: 429, reason: 'TooManyRequests', retryAfter: '7' });
  await expect(transport.request({ method: 'GET', path: MAPS })).rejects.toMatchObject({
    retryAfterMs: 7000,
  });
  const date = new Date(Date.now() + 60_000).toUTCString();
  server.fault = () => ({ what: 'refuse', code: 503, retryAfter: date });
  const error = await transport.request({ method: 'GET', path: MAPS }).catch((caught: unknown) => caught);
  expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
});

test('an answer that is not JSON is an InvalidAnswer that does not quote it', async () => {
  server.fault = () => ({ what: 'garbage', text: '{"data":"hunter2' });
  const error = await open()
    .request({ method: 'GET', path: MAPS })
    .catch((caught: unknown) => caught as Error);
  expect(error).toMatchObject({ code: 0, reason: 'InvalidAnswer' });
  expect(String((error as Error).stack) + String((error as Error).cause)).not.toContain('hunter2');
});

test('a token file is read again after a minute, and at once after a 401', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kube-token-'));
  try {
    const tokenFile = join(folder, 'token');
    const clock = new VirtualClock();
    const transport = open({ credentials: { ...server.credentials, tokenFile }, clock });
    const seen = async (token: string): Promise<string | undefined> => {
      await writeFile(tokenFile, `${token}\n`);
      await transport.request({ method: 'GET', path: MAPS }).catch(() => {});
      return server.authorizations.at(-1);
    };
    expect(await seen('one')).toBe('Bearer one');
    expect(await seen('two')).toBe('Bearer one');
    await clock.advance(60_000);
    expect(await seen('three')).toBe('Bearer three');
    server.fault = () => ({ what: 'refuse', code: 401 });
    expect(await seen('four')).toBe('Bearer three');
    expect(await seen('five')).toBe('Bearer five');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('every exchange is told with its resource and code', async () => {
  const done: RequestDone[] = [];
  const transport = open({ onRequest: (exchange) => done.push(exchange) });
  await create(transport, 'a');
  await transport.request({ method: 'GET', path: `${MAPS}/none` }).catch(() => {});
  expect(done.map(({ method, resource, code }) => `${method} ${resource} ${code}`)).toEqual([
    'POST configmaps 200',
    'GET configmaps 404',
  ]);
});

test.each([
  ['/api/v1/pods', 'pods'],
  ['/api/v1/namespaces', 'namespaces'],
  ['/api/v1/namespaces/a', 'namespaces'],
  ['/api/v1/namespaces/a/finalize', 'namespaces/finalize'],
  ['/api/v1/namespaces/a/pods/b/log', 'pods/log'],
  ['/apis/apps/v1/namespaces/a/statefulsets/b/status', 'statefulsets/status'],
  ['/version', 'version'],
])('%s is the resource %s', (path, resource) => {
  expect(resourceOf(path)).toBe(resource);
});

function open(options: Partial<HttpTransportOptions> = {}): HttpTransport {
  const transport = new HttpTransport({ credentials: server.credentials, userAgent: 'test/1', ...options });
  transports.push(transport);
  return transport;
}

async function create(transport: HttpTransport, name: string, data = {}): Promise<void> {
  const client = new KubeClient(transport, { fieldManager: 'test' });
  await client.create(ConfigMap, { metadata: { namespace: 'n', name }, data });
}

function read(
  transport: HttpTransport,
  signal: AbortSignal | undefined,
): { first: Promise<WatchEvent>; ended: Promise<void> } {
  const first = Promise.withResolvers<WatchEvent>();
  const run = async (): Promise<void> => {
    const query = { watch: 'true', resourceVersion: api.version };
    const request = { method: 'GET' as const, path: MAPS, query, ...(signal ? { signal } : {}) };
    try {
      for await (const event of transport.watch(request)) first.resolve(event);
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  };
  return { first: first.promise, ended: run() };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
