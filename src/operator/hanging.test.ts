import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plans, versions } from '../api/catalogue.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind, InfluxPlan, InfluxVersion } from '../api/kinds.ts';
import { SETTINGS } from '../addon/testing/fixtures.ts';
import { InfluxError } from '../influx/influx-error.ts';
import type { InfluxRequest, InfluxResponse, InfluxTransport } from '../influx/transport.ts';
import { KubeClient } from '../kube/api/client.ts';
import { sleep } from '../kube/clock.ts';
import { StorageClass } from '../kube/objects/kinds.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { AddonOperator } from './addons.ts';

const HANGING = 200;

let api: FakeApi;
let clock: VirtualClock;
let client: KubeClient;
let operator: AddonOperator;
let stop: AbortController;
let ended: Promise<unknown>;
/** When each database was spoken to, by the address of its pod. */
let asked: Map<string, number[]>;

/** Databases that take a connection and never answer. */
const influx: InfluxTransport = {
  async send(request: InfluxRequest): Promise<InfluxResponse> {
    asked.set(request.host, [...(asked.get(request.host) ?? []), clock.monotonic()]);
    await sleep(clock, request.timeoutMs, request.signal);
    throw new InfluxError('Timeout', 'no answer in time');
  },
  close: () => Promise.resolve(),
};

beforeEach(async () => {
  api = new FakeApi();
  clock = new VirtualClock(Date.UTC(2030, 0, 1));
  client = new KubeClient(new FakeTransport(api), { fieldManager: 'user' });
  stop = new AbortController();
  asked = new Map();
  for (const plan of plans) await client.create(InfluxPlan, plan);
  for (const version of versions) await client.create(InfluxVersion, version);
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await client.create(StorageClass, { metadata: { name: 'standard', annotations }, provisioner: 'test' });
  operator = new AddonOperator({
    client: new KubeClient(new FakeTransport(api), { fieldManager: 'operator' }),
    influx,
    events: { event: () => {} },
    settings: SETTINGS,
    workers: 4,
    clock,
  });
  ended = Promise.all([operator.watch(stop.signal), operator.work(stop.signal)]);
  await clock.advance(100);
});

afterEach(async () => {
  stop.abort();
  await clock.advance(20_000);
  await ended;
});

async function create(namespace: string, name: string): Promise<void> {
  await client.create(InfluxAddonKind, {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { namespace, name, generation: 1 },
    spec: { plan: '1g' },
  } as InfluxAddon);
}

/** The pod of each StatefulSet comes up at once, with the addon's name for its address. */
function startPods(): void {
  for (const set of api.objects('apps/v1/statefulsets')) {
    const { namespace, name, generation } = set.metadata;
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const template = (set['spec'] as { template: { metadata: { labels: object }; spec: object } }).template;
    const labels = { ...template.metadata.labels, 'controller-revision-hash': 'r' };
    const pod = { metadata: { namespace, name: `${name}-0`, labels }, spec: template.spec };
    if (api.handle({ method: 'POST', path: pods, body: pod }).code !== 201) continue;
    const startedAt = new Date(clock.now()).toISOString();
    const [image, imageID, restartCount, ready] = ['', '', 0, true];
    patchStatus(`${pods}/${name}-0`, {
      podIP: `${namespace}/${name}`,
      conditions: [{ type: 'Ready', status: 'True' }],
      initContainerStatuses: [
        { name: 'bootstrap', image, imageID, restartCount, ready, state: { terminated: { exitCode: 0 } } },
      ],
      containerStatuses: [
        { name: 'influxdb', image, imageID, restartCount, ready, state: { running: { startedAt } } },
      ],
    });
    const revisions = { updateRevision: 'r', currentRevision: 'r' };
    patchStatus(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`, {
      observedGeneration: generation,
      ...revisions,
    });
  }
}

function patchStatus(path: string, status: object): void {
  const contentType = 'application/merge-patch+json';
  const { code } = api.handle({ method: 'PATCH', path: `${path}/status`, contentType, body: { status } });
  if (code !== 200) throw new Error(`${path}: ${code}`);
}

describe.each<[string, (i: number) => string]>([
  ['of one tenant', () => 'crowd'],
  ['of as many tenants', (i: number) => `tenant-${i}`],
])('%s', (_, namespaceOf) => {
  it('200 databases that hang do not slow another down, and are asked ever more rarely', async () => {
    for (let i = 0; i < HANGING; i += 1) await create(namespaceOf(i), `db-${i}`);
    await clock.advance(1_000);
    startPods();
    await clock.advance(120_000);
    expect(asked.size).toBe(HANGING);

    const since = clock.monotonic();
    await create('shop', 'mine');
    await clock.advance(300);
    startPods();
    await clock.advance(300);
    expect(asked.get('shop/mine-influx')?.[0]).toBeLessThanOrEqual(since + 600);

    const counts = (fromMs: number) =>
      [...asked.values()].map((times) => times.filter((at) => at >= fromMs).length);
    await clock.advance(600_000 - (clock.monotonic() - since));
    // In the last five minutes once a minute, and as long as the question takes.
    expect(Math.max(...counts(clock.monotonic() - 300_000))).toBeLessThanOrEqual(6);
    expect(Math.min(...counts(clock.monotonic() - 300_000))).toBeGreaterThanOrEqual(1);
  }, 60_000);
});

it('databases that hang go behind those for which somebody waits, also when there are too few places for them', async () => {
  for (let i = 0; i < 2 * HANGING; i += 1) await create('crowd', `db-${i}`);
  await clock.advance(1_000);
  startPods();
  await clock.advance(1_000);
  const added = vi.spyOn(operator.queue, 'add');
  await clock.advance(100_000);
  expect(added.mock.calls.length).toBeGreaterThan(HANGING);
  expect(added.mock.calls.filter(([, how]) => how?.soon === true)).toEqual([]);
}, 60_000);
