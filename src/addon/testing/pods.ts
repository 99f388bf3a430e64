import type { ContainerState, ContainerStatus, PodStatus } from 'kubernetes-types/core/v1.js';
import type { Pod, StatefulSet } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { childNames, podLabels } from '../world/names.ts';
import { live, NAMESPACE, NOW } from './fixtures.ts';

const REVISION = 'my-app-influx-5b8c';
export const IMAGE = 'influxdb:1.8.10';

/** The StatefulSet as its controller left it: one pod of its present template. */
export function settledSet(more: object = {}): Live<StatefulSet> {
  const status = { observedGeneration: 1, updateRevision: REVISION };
  return live({
    metadata: { name: childNames('my-app').statefulSet, namespace: NAMESPACE },
    status,
    ...more,
  } as StatefulSet);
}

/** The database's pod; ready unless its status is given. */
export function podOf(status: PodStatus = readyStatus(), metadata: object = {}): Live<Pod> {
  const labels = { ...podLabels('my-app'), 'controller-revision-hash': REVISION };
  return live({
    metadata: { name: childNames('my-app').pod, namespace: NAMESPACE, uid: 'pod-uid', labels, ...metadata },
    spec: { containers: [{ name: 'influxdb', image: IMAGE }] },
    status,
  } as Pod);
}

export function readyStatus(startedAt: string = NOW.toISOString()): PodStatus {
  return {
    podIP: '10.1.0.9',
    conditions: [{ type: 'Ready', status: 'True' }],
    initContainerStatuses: [containerStatus('bootstrap', { terminated: { exitCode: 0 } })],
    containerStatuses: [containerStatus('influxdb', { running: { startedAt } })],
  };
}

export function containerStatus(
  name: string,
  state: ContainerState,
  more: Partial<ContainerStatus> = {},
): ContainerStatus {
  return { name, image: IMAGE, imageID: '', ready: false, restartCount: 0, state, ...more };
}
