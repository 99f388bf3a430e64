import { type Workload } from '../world/world.ts';
import type { Container, Volume } from 'kubernetes-types/core/v1.js';
import type { Live } from '../../kube/objects/types.ts';
import { hashOf } from '../world/hash.ts';

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
      updateStrategy: heldBackBy(object.spec as UpdatedByHand | undefined),
      selector: object.spec?.selector,
      template: {
        metadata: {
          labels: template?.metadata?.labels,
          annotations: restartMarks(template?.metadata?.annotations),
        },
        spec: {
          containers: (template?.spec?.containers ?? []).map(slimContainer),
          initContainers: (template?.spec?.initContainers ?? []).map(slimContainer),
          ...slimVolumes(template?.spec?.volumes),
        },
      },
    },
    status: slimStatus(object.status),
  };
  return slim as unknown as Live<T>;
}

/** Of volumes those that may be of an addon's Secret; nothing where there are none. */
function slimVolumes(volumes: readonly Volume[] = []): { volumes?: Volume[] } {
  const kept = volumes.flatMap(({ name, secret, projected }): Volume[] => {
    const sources = (projected?.sources ?? []).filter((source) => isReadWhole(source.secret?.name));
    if (isReadWhole(secret?.secretName)) return [{ name, ...(secret && { secret }) }];
    return sources.length === 0 ? [] : [{ name, projected: { sources } }];
  });
  return kept.length === 0 ? {} : { volumes: kept };
}

function slimContainer(container: Container): Partial<Container> {
  const envFrom = (container.envFrom ?? []).filter(({ secretRef }) => isReadWhole(secretRef?.name));
  return {
    name: container.name,
    ...(envFrom.length === 0 ? {} : { envFrom }),
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
  return isSecretForApps(entry.valueFrom?.secretKeyRef?.name);
}

/** It may be an addon's, by its name. */
function isSecretForApps(name: string | undefined): boolean {
  return name?.endsWith('-influx') ?? false;
}

/** As above, or the one with the same in the form of the Service Binding specification. */
function isReadWhole(name: string | undefined): boolean {
  return isSecretForApps(name) || (name?.endsWith('-influx-binding') ?? false);
}

/** True when every pod of the workload is available, and all that may be replaced by themselves run its present template. */
export function isRolledOut(workload: Live<Workload>): boolean {
  const status = (workload.status ?? {}) as Record<string, number | undefined>;
  const generation = workload.metadata.generation ?? 0;
  if ((status.observedGeneration ?? 0) < generation) return false;
  if (status.desiredNumberScheduled !== undefined) {
    const wanted = status.desiredNumberScheduled;
    return (status.updatedNumberScheduled ?? 0) >= wanted && (status.numberAvailable ?? 0) >= wanted;
  }
  const wanted = replicasOf(workload);
  return (
    (status.updatedReplicas ?? 0) >= Math.max(0, wanted - partitionOf(workload)) &&
    (status.availableReplicas ?? 0) >= wanted &&
    (status.replicas ?? 0) <= wanted
  );
}

/** Why a changed template reaches the pods only when somebody lets it; undefined when that goes by itself. */
export function heldBy(workload: Live<Workload>): string | undefined {
  if (isPaused(workload)) return 'is paused: its rollout waits for whoever paused it';
  return heldBackBy(workload.spec as UpdatedByHand | undefined)?.type === 'OnDelete'
    ? 'has the update strategy OnDelete: its pods are replaced when somebody deletes them'
    : undefined;
}

export function isPaused(workload: Live<Workload>): boolean {
  return (workload.spec as { paused?: boolean } | undefined)?.paused === true;
}

/** Some of its pods keep an older template until somebody lowers the partition of its update strategy. */
export function isPartlyUpdated(workload: Live<Workload>): boolean {
  const { updatedReplicas = 0 } = (workload.status ?? {}) as { updatedReplicas?: number };
  return partitionOf(workload) > 0 && updatedReplicas < replicasOf(workload);
}

function partitionOf(workload: Live<Workload>): number {
  return heldBackBy(workload.spec as UpdatedByHand | undefined)?.rollingUpdate?.partition ?? 0;
}

function replicasOf(workload: Live<Workload>): number {
  return (workload.spec as { replicas?: number } | undefined)?.replicas ?? 1;
}

/** Where DaemonSets and StatefulSets say that their pods are not, or not all, replaced by themselves. */
interface UpdatedByHand {
  readonly updateStrategy?: {
    readonly type?: string;
    readonly rollingUpdate?: { readonly partition?: number };
  };
}

function heldBackBy(spec: UpdatedByHand | undefined): UpdatedByHand['updateStrategy'] {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return { type };
  const partition = rollingUpdate?.partition ?? 0;
  return partition > 0 ? { rollingUpdate: { partition } } : undefined;
}
