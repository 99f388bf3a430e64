import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plans, versions } from '../api/catalogue.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind, InfluxPlan, InfluxVersion } from '../api/kinds.ts';
import { KubeClient } from '../kube/api/client.ts';
import { StorageClass } from '../kube/objects/kinds.ts';
import type { ApiRequest } from '../kube/api/transport.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport, type Fault } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { SETTINGS } from '../addon/testing/fixtures.ts';
import { AddonOperator } from './addons.ts';

const KEY = { namespace: 'shop', name: 'my-app' };
const FAILS: Fault = { what: 'refuse', code: 500, reason: 'InternalError' };

let api: FakeApi;
let clock: VirtualClock;
let client: KubeClient;
let transport: FakeTransport;
let stop: AbortController;
let ended: Promise<unknown>;

/** An API server without controllers: what is made stays as it is. */
beforeEach(async () => {
  api = new FakeApi();
  clock = new VirtualClock(Date.UTC(2030, 0, 1));
  transport = new FakeTransport(api);
  client = new KubeClient(new FakeTransport(api), { fieldManager: 'user' });
  stop = new AbortController();
  for (const plan of plans) await client.create(InfluxPlan, plan);
  for (const version of versions) await client.create(InfluxVersion, version);
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await client.create(StorageClass, { metadata: { name: 'standard', annotations }, provisioner: 'test' });
  const operator = new AddonOperator({
    client: new KubeClient(transport, { fieldManager: 'operator' }),
    influx: { send: () => Promise.reject(new Error('nobody asks')), close: () => Promise.resolve() },
    events: { event: () => {} },
    settings: SETTINGS,
    workers: 2,
    clock,
  });
  ended = Promise.all([operator.watch(stop.signal), operator.work(stop.signal)]);
  await clock.advance(100);
});

afterEach(async () => {
  transport.fault = () => undefined;
  stop.abort();
  await clock.advance(20_000);
  await ended;
});

function onWrites(plural: string, fault: Fault): (request: ApiRequest) => Fault | undefined {
  return ({ method, path }) => (method !== 'GET' && path.includes(`/${plural}`) ? fault : undefined);
}

async function create(): Promise<void> {
  const metadata = { ...KEY, generation: 1 };
  await client.create(InfluxAddonKind, {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata,
    spec: { plan: '1g' },
  } as InfluxAddon);
}

async function condition(type: string) {
  const addon = await client.get(InfluxAddonKind, KEY);
  return addon?.status?.conditions?.find((each) => each.type === type);
}

function told(): number {
  return api.requests.filter(({ path, method }) => method === 'PATCH' && path.endsWith('/status')).length;
}

describe('an addon of which something fails all the time', () => {
  it.each<[string, string, Fault]>([
    ['a webhook on StatefulSets that is dead', 'statefulsets', FAILS],
    ['a write that nobody answers', 'statefulsets', { what: 'hang' }],
    ['a Secret that cannot be stored', 'secrets', FAILS],
    ['a quota that is looked up in vain', 'persistentvolumeclaims', { what: 'lost' }],
  ])('has a status within 10 seconds: %s', async (_, plural, fault) => {
    transport.fault = onWrites(plural, fault);
    await create();
    await clock.advance(9_900);
    expect(told()).toBe(0);
    await clock.advance(200);
    expect(await condition('Ready')).toMatchObject({ status: 'False', reason: 'Provisioning' });
    expect((await client.get(InfluxAddonKind, KEY))?.status?.observedGeneration).toBe(1);
    expect(told()).toBe(1);
  });

  it('says what fails and in whose words, in one write when it begins and one when it ends', async () => {
    transport.fault = onWrites('statefulsets', FAILS);
    await create();
    await clock.advance(5 * 60_000);
    const message = expect.stringMatching(/create StatefulSet my-app-influx.*500 InternalError/) as string;
    expect(await condition('Reconciling')).toMatchObject({
      status: 'True',
      reason: 'ServerFailing',
      message,
    });
    expect(told()).toBe(1);
    transport.fault = () => undefined;
    await clock.advance(70_000);
    expect((await condition('Reconciling'))?.reason).toBe('Provisioning');
    expect(told()).toBe(2);
    expect((await condition('Ready'))?.message).not.toContain('StatefulSet');
    expect(api.objects('apps/v1/statefulsets')).toHaveLength(1);
  });

  it('is told at least twice a minute, and no more, while the API server stores nothing', async () => {
    let tries = 0;
    transport.fault = ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith('/status')) tries += 1;
      return method === 'GET' ? undefined : FAILS;
    };
    await create();
    await clock.advance(60_000);
    const first = tries;
    await clock.advance(4 * 60_000);
    expect([first, tries - first]).toEqual([4, 8]);
    transport.fault = () => undefined;
    await clock.advance(31_000);
    expect(await condition('Reconciling')).toMatchObject({ status: 'True' });
  });

  it('says so again when another thing fails', async () => {
    transport.fault = onWrites('statefulsets', FAILS);
    await create();
    await clock.advance(60_000);
    transport.fault = onWrites('statefulsets', { what: 'refuse', code: 429, reason: 'TooManyRequests' });
    await clock.advance(5 * 60_000);
    expect(await condition('Reconciling')).toMatchObject({ reason: 'TooManyRequests' });
    expect(told()).toBe(2);
  });

  it('tells after 30 seconds of an edit that cannot be carried out, for its generation', async () => {
    await create();
    await clock.advance(20_000);
    const before = told();
    transport.fault = onWrites('statefulsets', FAILS);
    await client.patch(InfluxAddonKind, KEY, { spec: { plan: '2g' } }, { type: 'merge' });
    await clock.advance(29_000);
    expect(told()).toBe(before);
    await clock.advance(2_000);
    expect(told()).toBe(before + 1);
    expect((await client.get(InfluxAddonKind, KEY))?.status?.observedGeneration).toBe(2);
    expect(await condition('Reconciling')).toMatchObject({ status: 'True', reason: 'ServerFailing' });
  });
});

it('an addon that goes on by itself costs no status more', async () => {
  await create();
  await clock.advance(1_000);
  const first = told();
  expect(first).toBe(1);
  await clock.advance(6_000);
  expect(told()).toBe(first);
  await clock.advance(4_000);
  expect((await condition('Reconciling'))?.reason).toBe('Provisioning');
});
