import { containerdSocket } from '../../cluster/node-files.ts';
import { OPERATOR } from '../../demo/install.ts';
import type { OperatorNode } from '../operator-node.ts';

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR.namespace}/leases/${OPERATOR.name}`;

interface OperatorPod {
  metadata: { name: string };
  status: { containerStatuses?: { containerID?: string }[] };
}

/** SIGKILL for the replica that holds the Lease; returns its name. */
export async function killLeader(on: OperatorNode): Promise<string> {
  const lease = await on.api.get<{ spec: { holderIdentity?: string } }>(LEASE);
  const name = lease?.spec.holderIdentity ?? '';
  const pod = await on.api.get<OperatorPod>(`/api/v1/namespaces/${OPERATOR.namespace}/pods/${name}`);
  const id = pod?.status.containerStatuses?.[0]?.containerID?.replace('containerd://', '');
  if (id === undefined) throw new Error(`the leader ${name} has no container`);
  const at = ['--address', containerdSocket, '--namespace', 'k8s.io'];
  await on.node.runInside('ctr', [...at, 'task', 'kill', '--signal', 'SIGKILL', id]);
  return name;
}

/** Sets the number of replicas and waits until there are so many ready ones, and no others. */
export async function scaleOperator(on: OperatorNode, replicas: number): Promise<void> {
  const where = ['-n', OPERATOR.namespace];
  await on.kube.run(['scale', 'deployment', OPERATOR.name, `--replicas=${replicas}`, ...where]);
  await on.kube.run(['rollout', 'status', `deployment/${OPERATOR.name}`, '--timeout=120s', ...where]);
  const pods = ['pod', '-l', `app.kubernetes.io/name=${OPERATOR.name}`];
  if (replicas === 0) await on.kube.run(['wait', '--for=delete', ...pods, '--timeout=60s', ...where]);
}
