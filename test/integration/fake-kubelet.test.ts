import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { FakeApi } from '../cluster/fakes/kubelet/api.ts';
import { type Clock, systemClock } from '../../src/kube/clock.ts';
import { PATIENCE_MS } from '../patience.ts';
import { type FakeKubelet, type Pod, startFakeKubelet } from '../cluster/fakes/fake-kubelet.ts';

let plane: ControlPlane;
let kubelet: FakeKubelet;
let api: FakeApi;
let skippedMs = 0;
const timers = new Set<{ due: number; fire: () => void }>();
/** The machine's clock, and {@link skip} on top. */
const steppedClock: Clock = {
  now: () => systemClock.now() + skippedMs,
  monotonic: () => systemClock.monotonic() + skippedMs,
  after(ms, run) {
    const timer = { due: steppedClock.monotonic() + ms, fire: () => end() && run() };
    const real = systemClock.after(ms, () => timer.fire());
    const end = (): boolean => {
      real.cancel();
      return timers.delete(timer);
    };
    timers.add(timer);
    return { cancel: () => void end() };
  },
};
function skip(ms: number): void {
  skippedMs += ms;
  for (const { due, fire } of timers) if (due <= steppedClock.monotonic()) fire();
}
const namespace = 'default';
const core = `/api/v1/namespaces/${namespace}`;

beforeAll(async () => {
  plane = await startControlPlane();
  kubelet = await startFakeKubelet({ kubeconfig: plane.kubeconfig, clock: steppedClock });
  api = await FakeApi.open(plane.kubeconfig);
});

afterAll(async () => {
  await api?.close();
  await kubelet?.stop();
  await plane?.stop();
});

test('a StatefulSet with a claim and an administrator becomes a Ready pod whose engine answers', async () => {
  await createDatabase('first');
  const pod = await ready('first-0');
  expect(pod.status?.phase).toBe('Running');
  expect(pod.status?.initContainerStatuses?.[0]).toMatchObject({
    ready: true,
    state: { terminated: { exitCode: 0 } },
  });
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    ready: true,
    started: true,
    restartCount: 0,
    image: 'influxdb:1.8.10',
  });
  expect(await ask(pod, 'SHOW USERS')).toMatchObject({
    results: [{ series: [{ values: [['admin', true]] }] }],
  });
  expect((await fetch(`http://${pod.status?.podIP}:8086/ping`)).headers.get('x-influxdb-version')).toBe(
    '1.8.10',
  );
  const anonymous = await fetch(`http://${pod.status?.podIP}:8086/query?q=SHOW%20USERS`);
  expect(anonymous.status).toBe(401);
  const set = await api.get<{ status: { readyReplicas: number } }>(
    `/apis/apps/v1/namespaces/${namespace}/statefulsets/first`,
  );
  expect(set.status.readyReplicas).toBe(1);
});

test('a killed pod comes back with its data, at another address; a claim that is deleted takes the data along', async () => {
  await createDatabase('second');
  const before = await ready('second-0');
  await ask(before, 'CREATE DATABASE kept');
  await kubelet.killPod(namespace, 'second-0');
  const after = await eventually('a new pod', async () => {
    const pod = await ready('second-0');
    return pod.metadata.uid === before.metadata.uid ? undefined : pod;
  });
  expect(after.status?.podIP).not.toBe(before.status?.podIP);
  expect(kubelet.engine.isRunning(before.status?.podIP ?? '')).toBe(false);
  expect(await ask(after, 'SHOW DATABASES')).toMatchObject({
    results: [{ series: [{ values: [['kept']] }] }],
  });
  expect(kubelet.engine.violations).toEqual([]);

  const claim = await api.get<{ metadata: { uid: string } }>(`${core}/persistentvolumeclaims/second-data`);
  expect(kubelet.engine.state(claim.metadata.uid).databases.has('kept')).toBe(true);
  await api.delete(`${core}/persistentvolumeclaims/second-data`, claim.metadata.uid);
  await api.merge(`/apis/apps/v1/namespaces/${namespace}/statefulsets/second`, { spec: { replicas: 0 } });
  await eventually('the claim to be gone', async () =>
    (await api.find(`${core}/persistentvolumeclaims/second-data`)) ? undefined : true,
  );
  await eventually('the volume to be gone', async () =>
    (await api.find(`/api/v1/persistentvolumes/fake-${claim.metadata.uid}`)) ? undefined : true,
  );
  expect(kubelet.engine.state(claim.metadata.uid).databases.size).toBe(0);
});

test('a lost administrator is healed at the next start, and a container can be killed in place', async () => {
  await createDatabase('third');
  const pod = await ready('third-0');
  await ask(pod, 'DROP USER admin');
  await kubelet.killPod(namespace, 'third-0');
  const after = await eventually('a new pod', async () => {
    const found = await ready('third-0');
    return found.metadata.uid === pod.metadata.uid ? undefined : found;
  });
  expect(await ask(after, 'SHOW USERS')).toMatchObject({
    results: [{ series: [{ values: [['admin', true]] }] }],
  });

  await kubelet.restartContainer(namespace, 'third-0');
  const restarted = await eventually('the container to be back', async () => {
    const found = await ready('third-0');
    return found.status?.containerStatuses?.[0]?.restartCount === 1 ? found : undefined;
  });
  expect(restarted.metadata.uid).toBe(after.metadata.uid);
  expect(restarted.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
    reason: 'OOMKilled',
    exitCode: 137,
  });
});

test.each([
  ['ImagePullError', { waiting: { reason: 'ErrImagePull' } }],
  ['InitFails', { waiting: { reason: 'CrashLoopBackOff' } }],
] as const)('%s keeps a pod from starting until the rule is taken back', async (behave, state) => {
  const name = behave.toLowerCase();
  const takeBack = kubelet.rule({
    match: (pod) => pod.metadata.name === `${name}-0`,
    behave,
    message: 'BootstrapRefused: MetaMissing',
  });
  await createDatabase(name);
  const stuck = await eventually('the container status', async () => {
    const pod = await api.find<Pod>(`${core}/pods/${name}-0`);
    return pod?.status?.initContainerStatuses?.[0]?.state?.waiting?.reason === 'PodInitializing'
      ? undefined
      : pod?.status?.initContainerStatuses?.[0] && pod;
  });
  expect(stuck.status?.phase).toBe('Pending');
  expect(stuck.status?.initContainerStatuses?.[0]?.state).toMatchObject(state);
  if (behave === 'InitFails') {
    expect(stuck.status?.initContainerStatuses?.[0]?.lastState?.terminated).toMatchObject({
      exitCode: 1,
      message: 'BootstrapRefused: MetaMissing',
    });
  }
  takeBack();
  expect((await ready(`${name}-0`)).status?.phase).toBe('Running');
});

test.each([
  ['CrashLoop', 'Error', 1],
  ['OOMKilled', 'OOMKilled', 137],
] as const)('%s ends a running engine', async (behave, reason, exitCode) => {
  const name = behave.toLowerCase();
  await createDatabase(name);
  const pod = await ready(`${name}-0`);
  const takeBack = kubelet.rule({ match: (other) => other.metadata.name === `${name}-0`, behave });
  const crashed = await eventually('the crash', async () => {
    const found = await api.get<Pod>(`${core}/pods/${name}-0`);
    return found.status?.containerStatuses?.[0]?.ready ? undefined : found;
  });
  expect(crashed.status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { reason, exitCode } },
  });
  await expect(fetch(`http://${pod.status?.podIP}:8086/ping`)).rejects.toThrow();
  takeBack();
  await ready(`${name}-0`);
});

test('a pod that fits nowhere is unschedulable, with the scheduler’s words, until it fits', async () => {
  const takeBack = kubelet.rule({ match: (pod) => pod.metadata.name === 'big-0', behave: 'Unschedulable' });
  await createDatabase('big');
  const condition = await eventually('the condition', async () => {
    const pod = await api.find<Pod>(`${core}/pods/big-0`);
    return pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  });
  expect(condition).toMatchObject({
    status: 'False',
    reason: 'Unschedulable',
    message: '0/1 nodes are available: 1 Insufficient memory.',
  });
  takeBack();
  await ready('big-0');
});

test('a claim that grows has its new size, and one of a fixed class is refused', async () => {
  await createDatabase('grow');
  await ready('grow-0');
  const path = `${core}/persistentvolumeclaims/grow-data`;
  await api.merge(path, { spec: { resources: { requests: { storage: '2Gi' } } } });
  await eventually('the capacity', async () => {
    const claim = await api.get<{ status: { capacity: { storage: string } } }>(path);
    return claim.status.capacity.storage === '2Gi' ? true : undefined;
  });
  await createClaim('fixed-data', 'fake-fixed');
  await eventually('the claim to be bound', async () => {
    const claim = await api.get<{ status: { phase: string } }>(`${core}/persistentvolumeclaims/fixed-data`);
    return claim.status.phase === 'Bound' ? true : undefined;
  });
  const grown = api.merge(`${core}/persistentvolumeclaims/fixed-data`, {
    spec: { resources: { requests: { storage: '2Gi' } } },
  });
  await expect(grown).rejects.toThrow(/only dynamically provisioned pvc can be resized/);
});

test('an application’s pod waits for the Secret it refers to and then becomes Ready', async () => {
  const env = [{ name: 'INFLUX_URL', valueFrom: { secretKeyRef: { name: 'app-url', key: 'INFLUX_URL' } } }];
  await api.post(`${core}/pods`, {
    metadata: { name: 'app' },
    spec: { containers: [{ name: 'app', image: 'app:1', env }] },
  });
  await eventually('the wait', async () => {
    const pod = await api.get<Pod>(`${core}/pods/app`);
    return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError'
      ? true
      : undefined;
  });
  await api.post(`${core}/secrets`, {
    metadata: { name: 'app-url' },
    stringData: { INFLUX_URL: 'http://x' },
  });
  expect((await ready('app')).status?.containerStatuses?.[0]?.ready).toBe(true);
});

test('a hundred databases become Ready, and the API server may restart meanwhile', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
  const created = Promise.all(names.map((name) => createDatabase(name)));
  await created;
  await plane.restartApiserver();
  for (const name of names) {
    await ready(`${name}-0`);
  }
  expect(kubelet.engine.violations).toEqual([]);
});

test('a pod takes the time of the node’s clock, and is as old as that one says', async () => {
  const hourMs = 3_600_000;
  for (const [name, behave] of [
    ['slow', 'SlowStart'],
    ['lingers', 'SlowStop'],
  ] as const) {
    const match = (pod: Pod): boolean => pod.metadata.name === `${name}-0`;
    kubelet.rule({ match, behave, readyAfterMs: hourMs, stopAfterMs: hourMs });
    await createDatabase(name);
  }
  const lingers = await ready('lingers-0');
  await kubelet.killPod(namespace, 'lingers-0');
  const slow = await eventually('the engine to run', async () => {
    const pod = await api.find<Pod>(`${core}/pods/slow-0`);
    return pod?.status?.phase === 'Running' ? pod : undefined;
  });
  expect(slow.status?.containerStatuses?.[0]?.ready).toBe(false);
  expect((await api.get<Pod>(`${core}/pods/lingers-0`)).metadata).toMatchObject({
    uid: lingers.metadata.uid,
    deletionTimestamp: expect.any(String),
  });
  const before = Date.now();
  skip(hourMs);
  const { status } = await ready('slow-0');
  const since = status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  expect(Date.parse(String(since))).toBeGreaterThan(before + hourMs / 2);
  await eventually('another pod', async () => {
    // Again and again: the node may not have heard of the deletion yet when the first hour passes.
    skip(hourMs);
    const pod = await api.find<Pod>(`${core}/pods/lingers-0`);
    return pod === undefined || pod.metadata.uid === lingers.metadata.uid ? undefined : true;
  });
});

async function createDatabase(name: string): Promise<void> {
  const data = {
    'create-admin.iql': "CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES;\n",
    'heal-admin.iql': "SET PASSWORD FOR admin = 'secret';\nGRANT ALL PRIVILEGES TO admin;\n",
  };
  await api.post(`${core}/secrets`, { metadata: { name: `${name}-admin` }, stringData: data });
  await createClaim(`${name}-data`, 'fake');
  const labels = { app: name };
  await api.post(`/apis/apps/v1/namespaces/${namespace}/statefulsets`, {
    metadata: { name },
    spec: {
      replicas: 1,
      serviceName: name,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          initContainers: [
            {
              name: 'bootstrap',
              image: 'influxdb:1.8.10',
              volumeMounts: [{ name: 'bootstrap', mountPath: '/bootstrap' }],
            },
          ],
          containers: [
            {
              name: 'influxdb',
              image: 'influxdb:1.8.10',
              env: [{ name: 'INFLUXDB_HTTP_AUTH_ENABLED', value: 'true' }],
              volumeMounts: [{ name: 'data', mountPath: '/var/lib/influxdb' }],
            },
          ],
          volumes: [
            { name: 'data', persistentVolumeClaim: { claimName: `${name}-data` } },
            { name: 'bootstrap', secret: { secretName: `${name}-admin` } },
          ],
        },
      },
    },
  });
}

async function createClaim(name: string, storageClassName: string): Promise<void> {
  const spec = {
    storageClassName,
    accessModes: ['ReadWriteOncePod'],
    resources: { requests: { storage: '1Gi' } },
  };
  await api.post(`${core}/persistentvolumeclaims`, { metadata: { name }, spec });
}

async function ask(pod: Pod, q: string): Promise<unknown> {
  const response = await fetch(`http://${pod.status?.podIP}:8086/query`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}` },
    body: new URLSearchParams({ q }),
  });
  return response.json();
}

const ready = (name: string): Promise<Pod> =>
  eventually(`pod ${name} to be Ready`, async () => {
    const pod = await api.find<Pod>(`${core}/pods/${name}`).catch(() => undefined);
    const isReady = pod?.status?.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    );
    return isReady && !pod?.metadata.deletionTimestamp ? pod : undefined;
  });

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const found = await look();
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error([`waited in vain for ${what}`, ...kubelet.troubles.slice(-10)].join('\n  '));
}
