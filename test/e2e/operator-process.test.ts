import { afterAll, beforeAll, expect, test } from 'vitest';
import { helm } from '../cluster/binaries.ts';
import { containerdSocket } from '../cluster/node-files.ts';
import { run } from '../cluster/run-command.ts';
import { installOperator, OPERATOR, root } from '../demo/install.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';
import type { Space } from './space.ts';

/** The operator as a process among others: two replicas, killed, deleted, uninstalled and installed another way. */
let shared: OperatorNode;
let space: Space;

beforeAll(async () => {
  shared = await startOperatorNode();
  space = await shared.space('shop');
  const database = await space.ready('my-app');
  await database.fill('kept', 100);
});

afterAll(() => shared?.[Symbol.asyncDispose]());

interface OperatorPod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  status: {
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number; containerID?: string }[];
  };
}

test('both replicas are healthy and ready, and tell their metrics', async () => {
  const pods = await replicas();
  expect(pods).toHaveLength(2);
  for (const { metadata, status } of pods) {
    for (const path of [':8081/healthz', ':8081/readyz']) {
      expect((await fetch(`http://${status.podIP}${path}`)).status, path).toBe(200);
    }
    const metrics = await fetch(`http://${status.podIP}:8080/metrics`);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    const leads = /^influxaddon_leader ([01])$/m.exec(await metrics.text())?.[1];
    expect(leads, metadata.name).toBe(metadata.name === (await leader()) ? '1' : '0');
  }
});

test('an edit is acted on after the leader was killed in the middle of its life', async () => {
  const name = await leader();
  const before = (await replicas()).find(({ metadata }) => metadata.name === name);
  await kill(before);
  await stopAndStart();
  const after = await space.until('the killed replica to be back', async () =>
    (await replicas()).find(
      ({ metadata, status }) => metadata.name === name && status.containerStatuses?.[0]?.restartCount === 1,
    ),
  );
  expect(after.metadata.uid).toBe(before?.metadata.uid);
});

test('another replica takes over when the leader is gone for good, without having said so', async () => {
  const name = await leader();
  await kill((await replicas()).find(({ metadata }) => metadata.name === name));
  await shared.kube.run(['delete', 'pod', name, '-n', OPERATOR.namespace, '--grace-period=0', '--force']);
  await stopAndStart();
  expect(await leader()).not.toBe(name);
});

test('the databases go on when the chart is uninstalled, and a later installation changes nothing of them', async () => {
  const pod = await space.pod('my-app');
  const database = await space.database('my-app');
  await uninstall();
  expect((await space.addon('my-app')).metadata.deletionTimestamp).toBeUndefined();
  await database.fill('later', 10);
  expect(await database.count('kept')).toBe(100);

  await installOperator(shared.node.kubeconfig);
  await space.edit('my-app', { deletionPolicy: 'Delete' });
  await space.status('my-app', 'Ready');
  expect((await space.pod('my-app')).metadata.uid).toBe(pod.metadata.uid);
  await uninstall();
});

test('kubectl apply -k deploy installs an operator that works', async () => {
  const pod = await space.pod('my-app');
  await shared.kube.run(['apply', '-k', `${root}/deploy`]);
  await space.edit('my-app', { deletionPolicy: 'Retain' });
  await space.status('my-app', 'Ready');
  expect((await space.pod('my-app')).metadata.uid).toBe(pod.metadata.uid);
  const database = await space.ready('second');
  await database.fill('first', 1);
  expect(await database.count('first')).toBe(1);
});

/** SIGKILL, from outside of the pod: it cannot say that it goes, nor give the Lease back. */
async function kill(pod: OperatorPod | undefined): Promise<void> {
  const id = pod?.status.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
  const at = ['--address', containerdSocket, '--namespace', 'k8s.io'];
  await shared.node.runInside('ctr', [...at, 'task', 'kill', '--signal', 'SIGKILL', id]);
}

async function uninstall(): Promise<void> {
  await run(await helm(), [
    'uninstall',
    OPERATOR.name,
    '--kubeconfig',
    shared.node.kubeconfig,
    '--namespace',
    OPERATOR.namespace,
    '--wait',
  ]);
  await space.until('the replicas to go', async () => (await replicas()).length === 0);
}

async function replicas(): Promise<OperatorPod[]> {
  const selector = encodeURIComponent(`app.kubernetes.io/name=${OPERATOR.name}`);
  const list = await shared.api.get<{ items: OperatorPod[] }>(
    `/api/v1/namespaces/${OPERATOR.namespace}/pods?labelSelector=${selector}`,
  );
  return (list?.items ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** The replica that holds the Lease. */
async function leader(): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR.namespace}/leases/${OPERATOR.name}`;
  const lease = await shared.api.get<{ spec: { holderIdentity?: string } }>(path);
  return lease?.spec.holderIdentity ?? '';
}

/** Two edits that somebody has to act on. */
async function stopAndStart(): Promise<void> {
  await space.edit('my-app', { state: 'Stopped' });
  await space.status('my-app', 'Stopped');
  await space.edit('my-app', { state: 'Running' });
  await space.status('my-app', 'Ready');
  expect(await (await space.database('my-app')).count('kept')).toBe(100);
}
