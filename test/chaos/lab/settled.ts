import type { InfluxAddon } from '../../../src/api/kinds.ts';
import { DaemonSet, Deployment, Job, type Pod, StatefulSet } from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import type { Recorder } from './recorder.ts';

interface Workload extends KubeObject {
  spec?: { replicas?: number };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    terminatingReplicas?: number;
  };
}

/** Every addon is as asked for, and its apps follow. */
export function isOver(recorder: Recorder, namespace: string): boolean {
  return recorder.addons(namespace).every(isAddonOver);
}

export function isAddonOver({ metadata, status }: Live<InfluxAddon>): boolean {
  if (metadata.deletionTimestamp !== undefined || status?.observedGeneration !== metadata.generation)
    return false;
  const is = (type: string) => status?.conditions?.find((each) => each.type === type)?.status;
  return is('Ready') === 'True' && is('Reconciling') !== 'True' && is('AppsCurrent') !== 'False';
}

/** The controllers of workloads have followed, and no pod is on its way out. */
export function isStill(recorder: Recorder, namespace: string): boolean {
  const objects = [...recorder.objects(namespace).values()];
  if (objects.some(({ kind, metadata }) => kind === 'Pod' && metadata.deletionTimestamp !== undefined))
    return false;
  return objects.every((object) => {
    if (object.kind === Job.kind) return hasEnded(object as Live<Job>);
    const { kind, metadata, spec, status = {} } = object as Live<Workload>;
    if (![Deployment, StatefulSet, DaemonSet].some((each) => each.kind === kind)) return true;
    if (status.observedGeneration !== metadata.generation) return false;
    const { replicas = 0, readyReplicas = 0, availableReplicas = 0, updatedReplicas = 0 } = status;
    if (kind === 'StatefulSet') {
      const ready = objects.filter((each) => isReadyPodOf(each, metadata.uid)).length;
      return readyReplicas === ready && availableReplicas === ready;
    }
    if (kind === 'DaemonSet' || metadata.deletionTimestamp !== undefined) return true;
    const wanted = spec?.replicas ?? 1;
    const all = [replicas, readyReplicas, availableReplicas, updatedReplicas];
    return all.every((count) => count === wanted) && (status.terminatingReplicas ?? 0) === 0;
  });
}

function hasEnded({ metadata, status }: Live<Job>): boolean {
  const { conditions = [] } = status ?? {};
  return (
    metadata.deletionTimestamp !== undefined ||
    conditions.some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True')
  );
}

function isReadyPodOf(object: Live<KubeObject>, owner: string): boolean {
  const { kind, metadata, status } = object as Live<Pod>;
  return (
    kind === 'Pod' &&
    metadata.ownerReferences?.some(({ uid }) => uid === owner) === true &&
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  );
}
