import { containerdSocket } from '../../cluster/node-files.ts';
import { OPERATOR } from '../../demo/install.ts';
import { PATIENCE_MS } from '../../patience.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR.namespace}/leases/${OPERATOR.name}`;

interface Lease {
  spec: { holderIdentity?: string; renewTime?: string };
}

interface OperatorPod {
  status: { containerStatuses?: { containerID?: string }[] };
}

/** SIGKILL for the replica that leads; waits for one that has shown so after `since`, milliseconds since the epoch. */
export async function killLeader(on: OperatorNode, space: Space, since = 0): Promise<void> {
  await space.until('a living leader', async () => {
    const lease = await on.api.get<Lease>(LEASE);
    if (Date.parse(lease?.spec.renewTime ?? '') < since) return false;
    const name = lease?.spec.holderIdentity ?? '';
    const pod = await on.api.get<OperatorPod>(`/api/v1/namespaces/${OPERATOR.namespace}/pods/${name}`);
    const id = pod?.status.containerStatuses?.[0]?.containerID?.replace('containerd://', '');
    if (id === undefined) return false;
    const at = ['--address', containerdSocket, '--namespace', 'k8s.io'];
    // An ID that the kubelet has not replaced yet is of a process that is gone: an error, and asked again.
    await on.node.runInside('ctr', [...at, 'task', 'kill', '--signal', 'SIGKILL', id]);
    return true;
  });
}

/** Sets the number of replicas and waits until there are so many ready ones, and no others. */
export async function scaleOperator(on: OperatorNode, replicas: number): Promise<void> {
  const where = ['-n', OPERATOR.namespace];
  const patience = `--timeout=${PATIENCE_MS / 1000}s`;
  await on.kube.run(['scale', 'deployment', OPERATOR.name, `--replicas=${replicas}`, ...where]);
  await on.kube.run(['rollout', 'status', `deployment/${OPERATOR.name}`, patience, ...where]);
  const pods = ['pod', '-l', `app.kubernetes.io/name=${OPERATOR.name}`];
  if (replicas === 0) await on.kube.run(['wait', '--for=delete', ...pods, patience, ...where]);
}
