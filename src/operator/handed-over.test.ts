import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SETTINGS } from '../addon/testing/fixtures.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind } from '../api/kinds.ts';
import { KubeClient } from '../kube/api/client.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { AddonOperator } from './addons.ts';

let clock: VirtualClock;
let client: KubeClient;
let operator: AddonOperator;
let stop: AbortController;
let ended: Promise<void>[];

beforeEach(() => {
  const api = new FakeApi();
  clock = new VirtualClock(Date.UTC(2030, 0, 1));
  client = new KubeClient(new FakeTransport(api), { fieldManager: 'user' });
  operator = new AddonOperator({
    client: new KubeClient(new FakeTransport(api), { fieldManager: 'operator' }),
    influx: { send: () => Promise.reject(new Error('nobody asks')), close: () => Promise.resolve() },
    events: { event: () => {} },
    settings: SETTINGS,
    workers: 1,
    clock,
  });
  stop = new AbortController();
  ended = [];
});

afterEach(async () => {
  stop.abort();
  await clock.advance(20_000);
  await Promise.all(ended);
});

/** Answered up to this generation. */
async function create(name: string, observedGeneration?: number): Promise<void> {
  await client.create(InfluxAddonKind, {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { namespace: name, name },
    spec: { plan: '1g' },
  } as InfluxAddon);
  if (observedGeneration !== undefined) await answer(name, observedGeneration);
}

async function edit(name: string): Promise<void> {
  const patch = { spec: { plan: '2g' } };
  await client.patch(InfluxAddonKind, { namespace: name, name }, patch, { type: 'merge' });
}

async function answer(name: string, observedGeneration: number): Promise<void> {
  const patch = { status: { observedGeneration } };
  const options = { type: 'merge', subresource: 'status' } as const;
  await client.patch(InfluxAddonKind, { namespace: name, name }, patch, options);
}

/** Those that are looked at first. */
async function firstServed(count: number): Promise<readonly (string | undefined)[]> {
  const got = vi.spyOn(operator.queue, 'get');
  ended.push(operator.work(stop.signal));
  await clock.advance(1_000);
  return got.mock.settledResults.map(({ value }) => value as string | undefined).slice(0, count);
}

it('who takes over begins with what was asked for and nobody answered, however long ago, and not with the rest', async () => {
  ended.push(operator.watch(stop.signal));
  await create('old', 1);
  await clock.advance(100);
  for (const name of ['a', 'b', 'asked-for']) await create(name, 1);
  await create('new');
  await clock.advance(100);
  await edit('asked-for');
  await clock.advance(3_600_000);
  for (const name of ['a', 'b']) {
    await edit(name);
    await answer(name, 2);
  }
  await edit('new');
  await clock.advance(1_000);
  expect(operator.queue.length).toBe(5);
  expect(await firstServed(2)).toEqual(['asked-for/asked-for', 'old/old']);
});

it('who was alone and down begins with what was asked for meanwhile', async () => {
  await create('a-new');
  for (const name of ['answered', 'asked-for']) await create(name, 1);
  await edit('asked-for');
  ended.push(operator.watch(stop.signal));
  expect(await firstServed(2)).toEqual(['asked-for/asked-for', 'a-new/a-new']);
});
