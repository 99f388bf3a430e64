import { expect, it, onTestFinished, vi } from 'vitest';
import { SETTINGS } from '../addon/testing/fixtures.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind } from '../api/kinds.ts';
import { KubeClient } from '../kube/api/client.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { AddonOperator } from './addons.ts';

it('who takes over begins with what was asked for of late, and not with all that happened while it stood by', async () => {
  const api = new FakeApi();
  const clock = new VirtualClock(Date.UTC(2030, 0, 1));
  const client = new KubeClient(new FakeTransport(api), { fieldManager: 'user' });
  const operator = new AddonOperator({
    client: new KubeClient(new FakeTransport(api), { fieldManager: 'operator' }),
    influx: { send: () => Promise.reject(new Error('nobody asks')), close: () => Promise.resolve() },
    events: { event: () => {} },
    settings: SETTINGS,
    workers: 1,
    clock,
  });
  const create = async (name: string) => {
    await client.create(InfluxAddonKind, {
      apiVersion: 'influxaddon.dev/v1alpha1',
      kind: 'InfluxAddon',
      metadata: { namespace: name, name, generation: 1 },
      spec: { plan: '1g' },
    } as InfluxAddon);
  };
  const stop = new AbortController();
  const ended = [operator.watch(stop.signal)];
  onTestFinished(async () => {
    stop.abort();
    await clock.advance(20_000);
    await Promise.all(ended);
  });
  await create('old');
  await clock.advance(100);
  for (const name of ['a', 'b', 'c']) await create(name);
  await create('asked-for');
  const edit = async (name: string) => {
    const [metadata, spec] = [{ generation: 2 }, { plan: '2g' }];
    await client.patch(InfluxAddonKind, { namespace: name, name }, { metadata, spec }, { type: 'merge' });
  };
  await clock.advance(100);
  await edit('a');
  await clock.advance(600_000);
  await edit('asked-for');
  await clock.advance(20_000);
  expect(operator.queue.length).toBe(5);

  const got = vi.spyOn(operator.queue, 'get');
  ended.push(operator.work(stop.signal));
  await clock.advance(1_000);
  const first = got.mock.settledResults.map(({ value }) => value as string | undefined).slice(0, 2);
  expect(first).toEqual(['asked-for/asked-for', 'old/old']);
});
