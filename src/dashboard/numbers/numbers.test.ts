import { onTestFinished, describe, expect, test } from 'vitest';
import { InfluxAddon, InfluxPlan } from '../../api/kinds.ts';
import type { EngineActivity } from '../../influx/state.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import { Secret } from '../../kube/objects/kinds.ts';
import { addonNamed, fakeDesk, Sent } from '../testing/desk.ts';
import type { Visitor } from '../visitor.ts';
import { containerUse, useOf } from './container.ts';
import { Past } from './past.ts';
import { toldBy } from './rates.ts';
import { streamNumbers } from './stream.ts';

const activity: EngineActivity = {
  series: 7,
  shards: 1,
  dataBytes: 100,
  heapBytes: 50,
  logErrors: 0,
  pointsWritten: 1_000,
  queries: 10,
};

describe('rates', () => {
  test('come of two readings, and not of one', () => {
    const first = { atMs: 1_000, activity };
    expect(toldBy(undefined, first)).toEqual({
      heap: 50,
      data: 100,
      series: 7,
      pointsPerSecond: undefined,
      queriesPerSecond: undefined,
    });
    const second = { atMs: 6_000, activity: { ...activity, pointsWritten: 1_500, queries: 10 } };
    expect(toldBy(first, second)).toMatchObject({ pointsPerSecond: 100, queriesPerSecond: 0 });
  });

  test('there is none of a counter that fell, or of no time', () => {
    const first = { atMs: 1_000, activity };
    const anew = { ...activity, pointsWritten: 3, queries: 11 };
    const told = toldBy(first, { atMs: 2_000, activity: anew });
    expect(told).toMatchObject({ pointsPerSecond: undefined, queriesPerSecond: 1 });
    expect(toldBy(first, { ...first }).pointsPerSecond).toBeUndefined();
  });
});

describe('the use of the container', () => {
  const usage = (memory: unknown, cpu: unknown) => ({
    containers: [
      { name: 'agent', usage: { memory: '1Mi', cpu: '1m' } },
      { name: 'influxdb', usage: { memory, cpu } },
    ],
  });

  test.each([
    ['2Ki', '250m', { memory: 2048, cpu: 0.25 }],
    ['100', '12345678n', { memory: 100, cpu: 0.012_345_678 }],
    ['1Gi', '2', { memory: 2 ** 30, cpu: 2 }],
    [undefined, '1', undefined],
    ['many', '1', undefined],
  ])('%s of memory and %s of CPU are %j', (memory, cpu, use) => {
    expect(useOf(usage(memory, cpu), 'influxdb')).toEqual(use);
  });

  test.each<[code: number, message: string, words: string]>([
    [404, 'GET /apis/metrics.k8s.io/a-influx-0: the server could not find it', 'no metrics API'],
    [404, 'pods.metrics.k8s.io "a-influx-0" not found', 'does not know the pod'],
    [403, 'forbidden', 'you may not get pods of metrics.k8s.io'],
    [503, 'the server is currently unable', 'currently unable'],
  ])('%d %s is told as "%s"', async (code, message, words) => {
    const visitor: Visitor = {
      ...fakeDesk().visitor,
      json: async () => await Promise.reject(new ApiError({ code, reason: 'Any', message })),
    };
    const where = { namespace: 'shop', pod: 'a-influx-0', container: 'influxdb' };
    expect(await containerUse(visitor, where, new AbortController().signal)).toContain(words);
  });
});

test('what was measured is kept, the newest of the databases that were looked at last', () => {
  const past = new Past();
  for (let n = 0; n < 400; n++) past.add('a', { at: String(n) });
  expect(past.of('a')).toHaveLength(360);
  expect(past.of('a').at(-1)).toEqual({ at: '399' });
  for (let n = 0; n < 50; n++) past.add(`other-${n}`, { at: '0' });
  expect(past.of('a')).toEqual([]);
});

describe('the stream of numbers', () => {
  const spec = {
    class: 'Starter' as const,
    memory: '1Gi',
    cpu: { request: '250m', limit: '1' },
    storage: { size: '20Gi' },
    limits: { connections: 1, concurrentQueries: 1, queryTimeout: '60s', series: 100 },
  };
  const status = { observedGeneration: 1, id: 'a_1', version: '1.8.10' };

  function streaming() {
    const desk = fakeDesk();
    const sent = new Sent();
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const key = { namespace: 'shop', name: 'a' };
    const begin = (visitor: Visitor = desk.visitor) =>
      void streamNumbers({ visitor, key, past: new Past(), everyMs: 1 }, sent.send, stop.signal);
    return { ...desk, sent, begin };
  }

  test('says what is not known, and why, and goes on with the rest', async () => {
    const { client, transport, sent, begin } = streaming();
    await client.create(InfluxPlan, { metadata: { name: '1g' }, spec });
    await client.writeStatus(InfluxAddon, await client.create(InfluxAddon, addonNamed('a')), status);
    transport.fault = ({ path }) =>
      path.includes('secrets') ? { what: 'refuse', code: 403, reason: 'Forbidden' } : undefined;
    begin();
    expect(await sent.until(({ name }) => name === 'limits')).toEqual({
      memory: 2 ** 30,
      cpu: 1,
      storage: 20 * 2 ** 30,
      series: 100,
    });
    expect(await sent.until(({ name }) => name === 'unknown')).toEqual([
      expect.stringContaining('memory and CPU'),
      expect.stringContaining('you may not read the Secret a-influx-admin'),
    ]);
    await sent.until(({ name }) => name === 'sample');
  });

  test('a database that is not reached is told without its password', async () => {
    const { client, visitor, sent, begin } = streaming();
    await client.writeStatus(InfluxAddon, await client.create(InfluxAddon, addonNamed('a')), status);
    const encoded = (text: string) => Buffer.from(text).toString('base64');
    await client.create(Secret, {
      metadata: { namespace: 'shop', name: 'a-influx-admin' },
      data: { 'admin-username': encoded('admin'), 'admin-password': encoded('very-secret') },
    });
    // Port 9 of loopback: nobody listens there.
    begin({ ...visitor, forward: async () => ({ port: 9, close: async () => {} }) });
    const unknown = await sent.until(({ name }) => name === 'unknown');
    expect(unknown).toEqual([expect.any(String), expect.stringContaining('was not reached')]);
    expect(JSON.stringify(sent.messages)).not.toContain('very-secret');
  });
});
