import type { Clock } from '../../../../src/kube/clock.ts';
import { type FakeApi, ignore } from './api.ts';
import { timestamp } from './pod-status.ts';
import { createStorageClasses } from './volumes.ts';

/** Makes the Node and the storage classes, unless they are there. */
export async function registerNode(api: FakeApi, name: string, clock: Clock): Promise<void> {
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' };
  await api.post('/api/v1/nodes', { metadata: { name, labels } }).catch(ignore(409));
  const resources = { cpu: '10000', memory: '64Ti', pods: '100000', 'ephemeral-storage': '64Ti' };
  const now = timestamp(clock);
  const status = {
    capacity: resources,
    allocatable: resources,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
  };
  await api.merge(`/api/v1/nodes/${name}/status`, { status });
  // Every new node is tainted as not ready, and the controller that would take that back does not run here.
  await api.merge(`/api/v1/nodes/${name}`, { spec: { taints: null } });
  await createStorageClasses(api);
}
