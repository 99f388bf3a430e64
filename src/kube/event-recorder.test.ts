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
