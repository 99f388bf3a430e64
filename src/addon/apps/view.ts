import type { DaemonSet, Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Container } from 'kubernetes-types/core/v1.js';
import type { Live } from '../../kube/types.ts';
import { hashOf } from '../hash.ts';

export type Workload = Deployment | StatefulSet | DaemonSet;

/** Annotation on a slimmed workload: hash of its owner's pod template, what operators added left out. */
export const TEMPLATE_HASH = 'influxaddon.dev/template-hash';

/**
 * What the cache keeps of a workload that may be somebody's app: names, variables, rollout status; a few hundred
 * bytes instead of kilobytes, since every workload of the cluster is watched.
 */
export function slimWorkload<T extends Workload>(object: Live<T>): Live<T> {
  const template = object.spec?.template;
  const { uid, name, namespace, resourceVersion, generation, deletionTimestamp } = object.metadata;
  const slim = {
    metadata: {
      uid,
      name,
      namespace,
      resourceVersion,
      generation,
      deletionTimestamp,
      annotations: { [TEMPLATE_HASH]: ownersTemplateHash(object) },
    },
    spec: {
      replicas: (object.spec as { replicas?: number } | undefined)?.replicas,
      paused: (object.spec as { paused?: boolean } | undefined)?.paused,
      selector: object.spec?.selector,
      template: {
        metadata: {
          labels: template?.metadata?.labels,
          annotations: restartMarks(template?.metadata?.annotations),
        },
        spec: {
          containers: (template?.spec?.containers ?? []).map(slimContainer),
          initContainers: (template?.spec?.initContainers ?? []).map(slimContainer),
        },
      },
    },
    status: slimStatus(object.status),
  };
  return slim as unknown as Live<T>;
}

function slimContainer(container: Container): Partial<Container> {
  return {
    name: container.name,
    env: (container.env ?? []).map(({ name, valueFrom }) => ({
      name,
      ...(valueFrom?.secretKeyRef === undefined
        ? {}
        : { valueFrom: { secretKeyRef: valueFrom.secretKeyRef } }),
    })),
  };
}

function slimStatus(status: Workload['status']): unknown {
  const all = (status ?? {}) as Record<string, unknown>;
  const kept = [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'availableReplicas',
    'readyReplicas',
    'updatedNumberScheduled',
    'desiredNumberScheduled',
    'numberAvailable',
    'currentRevision',
    'updateRevision',
  ];
  return Object.fromEntries(kept.filter((key) => all[key] !== undefined).map((key) => [key, all[key]]));
}

function restartMarks(annotations: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations ?? {}).filter(([key]) => key.startsWith('restarted-for.influxaddon.dev/')),
  );
}

/** A hash of the pod template as its owner wrote it: injected variables and restart marks are left out. */
function ownersTemplateHash(object: Workload): string {
  const template = object.spec?.template;
  const containers = (list: Container[] | undefined) =>
    (list ?? []).map((container) => ({
      ...container,
      env: (container.env ?? []).filter((entry) => !isInjectable(entry)),
    }));
  const annotations = Object.entries(template?.metadata?.annotations ?? {}).filter(
    ([key]) => !key.startsWith('restarted-for.influxaddon.dev/'),
  );
  const plain = {
    labels: template?.metadata?.labels,
    annotations: Object.fromEntries(annotations),
    spec: {
      ...template?.spec,
      containers: containers(template?.spec?.containers),
      initContainers: containers(template?.spec?.initContainers),
    },
  };
  return hashOf(plain);
}

/** Variables that refer to a Secret of the name that addons use: ours, or written by hand to the same effect. */
function isInjectable(entry: { valueFrom?: { secretKeyRef?: { name?: string } } }): boolean {
  return entry.valueFrom?.secretKeyRef?.name?.endsWith('-influx') ?? false;
}

/** True when every pod of the workload runs its present template and is available. */
export function isRolledOut(workload: Live<Workload>): boolean {
  const status = (workload.status ?? {}) as Record<string, number | undefined>;
  const generation = workload.metadata.generation ?? 0;
  if ((status.observedGeneration ?? 0) < generation) return false;
  if (status.desiredNumberScheduled !== undefined) {
    const wanted = status.desiredNumberScheduled;
    return (status.updatedNumberScheduled ?? 0) >= wanted && (status.numberAvailable ?? 0) >= wanted;
  }
  const wanted = (workload.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) >= wanted &&
    (status.availableReplicas ?? 0) >= wanted &&
    (status.replicas ?? 0) <= wanted
  );
}

export function isPaused(workload: Live<Workload>): boolean {
  return (workload.spec as { paused?: boolean } | undefined)?.paused === true;
}
