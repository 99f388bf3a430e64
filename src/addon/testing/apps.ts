import type { Container } from 'kubernetes-types/core/v1.js';
import { strategicPatch, type Json } from '../../kube/testing/patching.ts';
import type { Live } from '../../kube/objects/types.ts';
import { slimWorkload } from '../apps/view.ts';
import type { Memory } from '../world/memory.ts';
import { keyOf } from '../world/names.ts';
import { type Workload } from '../world/world.ts';
import { live, NAMESPACE } from './fixtures.ts';

export type AppKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';

/** An app as its owner wrote it, rolled out. */
export function appOf(
  containers: Container[] = [{ name: 'web', image: 'web:1' }],
  more: { kind?: AppKind; name?: string; paused?: boolean; initContainers?: Container[] } = {},
): Live<Workload> {
  const { kind = 'Deployment', name = 'web', paused, initContainers } = more;
  const labels = { app: name };
  return rolledOut(
    live({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name, namespace: NAMESPACE, uid: `uid-of-${name}` },
      spec: {
        replicas: 1,
        ...(paused === undefined ? {} : { paused }),
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers, ...(initContainers === undefined ? {} : { initContainers }) },
        },
      },
    } as Workload),
  );
}

/** The workload after a strategic-merge patch, as the API server stores it: `env` where its keys are sorted. */
export function patched(workload: Live<Workload>, patch: object | undefined): Live<Workload> {
  if (patch === undefined) return workload;
  const merged = strategicPatch(json(workload), json(patch)) as unknown as Live<Workload>;
  return bumped(sortKeys(merged) as Live<Workload>);
}

/** The same object with another pod template, as after its owner applied it. */
export function reapplied(workload: Live<Workload>, template: Live<Workload>): Live<Workload> {
  return bumped({ ...workload, spec: template.spec } as Live<Workload>);
}

/** All its pods run its template. */
export function rolledOut(workload: Live<Workload>): Live<Workload> {
  const { generation = 1 } = workload.metadata;
  const status =
    workload.kind === 'DaemonSet'
      ? { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1 }
      : { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  return { ...workload, status: { observedGeneration: generation, ...status } } as Live<Workload>;
}

/** What the cache would hold of it. */
export function cached(workload: Live<Workload>): Live<Workload> {
  return slimWorkload(workload);
}

/** Memory of having looked who wrote the variables of a workload. */
export function ownersKnown(
  workload: Live<Workload>,
  entries: readonly string[] = [],
): Required<Pick<Memory, 'ownedEntries'>> {
  const { kind = '', metadata } = workload;
  const { name, uid, resourceVersion } = metadata;
  return { ownedEntries: new Map([[keyOf({ kind, name }), { uid, resourceVersion, entries }]]) };
}

/** Names of the variables of a container. */
export function variablesIn(workload: Live<Workload>, container: string): string[] {
  const spec = workload.spec?.template.spec;
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return (all.find(({ name }) => name === container)?.env ?? []).map(({ name }) => name);
}

function bumped(workload: Live<Workload>): Live<Workload> {
  const { resourceVersion, generation = 1 } = workload.metadata;
  const metadata = {
    ...workload.metadata,
    resourceVersion: String(Number(resourceVersion) + 1),
    generation: generation + 1,
  };
  return { ...workload, metadata } as Live<Workload>;
}

function json(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sortKeys(each)]));
}
