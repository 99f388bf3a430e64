import { beforeAll, expect, test } from 'vitest';
import { helm } from '../../cluster/binaries.ts';
import { containerdSocket } from '../../cluster/node-files.ts';
import { run } from '../../cluster/run-command.ts';
import { installOperator, OPERATOR, root } from '../../demo/install.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';
import { type OperatorPod, replicas as replicasOf } from './operator-pods.ts';

/** The operator as a process among others: two replicas, killed, deleted, uninstalled and installed another way. */
export function processCases(on: () => OperatorNode): void {
  let shared: OperatorNode;
  let space: Space;

  beforeAll(async () => {
    shared = on();
    space = await shared.space('shop');
    const database = await space.ready('my-app');
    await database.fill('kept', 100);
  });

  test('both replicas are healthy and ready, and tell their metrics', async () => {
    // The Lease may go from one to the other between two of these requests: then all are made again.
    await space.until(
      'both replicas to be ready, and one to say that it leads: the one with the Lease',
      async () => {
        const leading: string[] = [];
        const pods = await replicas();
        for (const { metadata, status } of pods) {
          for (const path of [':8081/healthz', ':8081/readyz'])
            if ((await fetch(`http://${status.podIP}${path}`)).status !== 200) return false;
          const metrics = await (await fetch(`http://${status.podIP}:8080/metrics`)).text();
          if (/^influxaddon_leader 1$/m.test(metrics)) leading.push(metadata.name);
          else if (!/^influxaddon_leader 0$/m.test(metrics)) return false;
        }
        return pods.length === 2 && leading.join() === (await leader());
      },
    );
    for (const { status } of await replicas()) {
      const metrics = await fetch(`http://${status.podIP}:8080/metrics`);
      expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    }
  });

  test('an edit is acted on after the leader was killed in the middle of its life', async () => {
    const name = await leader();
    const before = (await replicas()).find(({ metadata }) => metadata.name === name);
    await kill(before);
    await stopAndStart();
    const dead = before?.status.containerStatuses?.[0];
    const after = await space.until('the killed replica to be back', async () =>
      (await replicas()).find(({ metadata, status }) => {
        const [now] = status.containerStatuses ?? [];
        return (
          metadata.name === name &&
          (now?.restartCount ?? 0) > (dead?.restartCount ?? 0) &&
          now?.containerID !== dead?.containerID &&
          status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True')
        );
      }),
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

  const replicas = (): Promise<OperatorPod[]> => replicasOf(shared);

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
}
