import { expect, it, onTestFinished } from 'vitest';
import { plans, versions } from '../api/catalogue.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind, InfluxPlan, InfluxVersion } from '../api/kinds.ts';
import { SETTINGS } from '../addon/testing/fixtures.ts';
import { KubeClient } from '../kube/api/client.ts';
import { StorageClass } from '../kube/objects/kinds.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { AddonOperator } from './addons.ts';

const CROWD = 2_000;
const WORKERS = 4;

it('thousands of addons of one tenant do not keep that of another waiting', async () => {
  const api = new FakeApi();
  const clock = new VirtualClock(Date.UTC(2030, 0, 1));
  const client = new KubeClient(new FakeTransport(api), { fieldManager: 'user' });
  for (const plan of plans) await client.create(InfluxPlan, plan);
  for (const version of versions) await client.create(InfluxVersion, version);
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await client.create(StorageClass, { metadata: { name: 'standard', annotations }, provisioner: 'test' });
  const addon = (namespace: string, name: string) =>
    client.create(InfluxAddonKind, {
      apiVersion: 'influxaddon.dev/v1alpha1',
      kind: 'InfluxAddon',
      metadata: { namespace, name, generation: 1 },
      spec: { plan: '1g' },
    } as InfluxAddon);
  for (let i = 0; i < CROWD; i += 1) await addon('crowd', `db-${i}`);
  // The last that the operator hears of.
  await addon('shop', 'mine');

  /** Namespaces in which something was written, in the order of the writes, until the database of the other is made. */
  const written: string[] = [];
  const stop = new AbortController();
  const transport = new FakeTransport(api);
  transport.fault = ({ method, path }) => {
    const [, namespace] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
    if (method === 'GET' || namespace === undefined || stop.signal.aborted) return undefined;
    written.push(namespace);
    if (namespace === 'shop' && path.endsWith('/statefulsets')) stop.abort();
    return undefined;
  };
  const operator = new AddonOperator({
    client: new KubeClient(transport, { fieldManager: 'operator' }),
    influx: { send: () => Promise.reject(new Error('nothing runs')), close: () => Promise.resolve() },
    events: { event: () => {} },
    settings: SETTINGS,
    workers: WORKERS,
    clock,
  });
  const ended = Promise.all([operator.watch(stop.signal), operator.work(stop.signal)]);
  onTestFinished(async () => {
    stop.abort();
    await clock.advance(20_000);
    await ended;
  });
  for (let ms = 0; ms < 60_000 && !stop.signal.aborted; ms += 10) await clock.advance(10);
  expect(stop.signal.aborted).toBe(true);

  // A run of each worker comes first, and one of each in each turn after that; a run writes that much at most.
  const writesOfRun = 12;
  expect(written.indexOf('shop')).toBeLessThanOrEqual(WORKERS * writesOfRun);
  const ofCrowd = written.filter((namespace) => namespace === 'crowd').length;
  expect(ofCrowd).toBeLessThanOrEqual(10 * WORKERS * writesOfRun);
}, 120_000);
