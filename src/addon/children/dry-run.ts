import { stateOf } from '../../api/addon-defaults.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind, Pod, StatefulSet } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { DryRunAction } from '../decision/action.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { hashOf } from '../world/hash.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import type { World } from '../world/world.ts';
import type { ChildChange } from './changes.ts';

/**
 * A database that runs is not stopped for a change that the API server does not take: it is asked before the first
 * write of the change, about the volume, the StatefulSet and the pod that would follow.
 */
export function dryRunStep({
  world,
  changes,
  refusal,
  now,
}: Scene & {
  readonly changes: readonly ChildChange[];
  readonly refusal: Refusal | undefined;
}): Outcome | undefined {
  // What is done to a database whose spec is refused, a deadline demands.
  const action = refusal === undefined ? dryRunOf(world, changes) : undefined;
  const { dryRun } = world.memory;
  if (action === undefined) return undefined;
  const isTaken = dryRun?.of === action.of && dryRun.verdict === 'Taken' && dryRun.untilMs > now.getTime();
  return isTaken ? undefined : acting([action]);
}

/** What the API server said against the change that this spec asks for, a moment ago. */
export function refusedByDryRun(
  { addon, memory: { dryRun } }: Pick<World, 'addon' | 'memory'>,
  now: Date,
): Refusal | undefined {
  if (dryRun === undefined || dryRun.untilMs <= now.getTime()) return undefined;
  return dryRun.generation === addon.metadata.generation ? dryRun.refusal : undefined;
}

function dryRunOf(
  { addon, children, pod }: World,
  changes: readonly ChildChange[],
): DryRunAction | undefined {
  if (stateOf(addon) !== 'Running' || pod === undefined || !isRunning(pod)) return undefined;
  const live = children.statefulSet;
  const set = replacementOf<StatefulSet>(changes, 'statefulSet');
  if (live === undefined || set === undefined || !endsPod(live, set)) return undefined;
  const claim = replacementOf(changes, 'claim');
  const next = podOf(live, set, addon.metadata.name);
  const write = (verb: 'create' | 'replace', kind: Kind<KubeObject>, object: KubeObject) => ({
    verb,
    kind,
    object,
  });
  return {
    do: 'dryRun',
    of: hashOf({ generation: addon.metadata.generation, claim: claim?.spec, next }),
    writes: [
      ...(claim === undefined ? [] : [write('replace', kinds.PersistentVolumeClaim, claim)]),
      write('replace', kinds.StatefulSet, set),
      write('create', kinds.Pod, next),
    ],
    leaving: pod,
  };
}

function replacementOf<T extends KubeObject = kinds.PersistentVolumeClaim>(
  changes: readonly ChildChange[],
  of: ChildChange['slot'],
): T | undefined {
  const action = changes.find(({ slot }) => slot === of)?.action;
  return action?.do === 'replace' ? (action.object as T) : undefined;
}

function isRunning({ metadata, status }: Live<Pod>): boolean {
  const isReady = status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True');
  return metadata.deletionTimestamp === undefined && isReady === true;
}

/** Something else is rendered for it than what it was made of. */
function endsPod(live: Live<StatefulSet>, wanted: StatefulSet): boolean {
  const [is, will] = [live, wanted].map(({ metadata }) => metadata?.annotations?.[ANNOTATION.rendered]);
  return is !== will;
}

/** The pod as the StatefulSet's controller will make it, whose name is free by then. */
function podOf(live: Live<StatefulSet>, { spec }: StatefulSet, addonName: string): Pod {
  const { template, serviceName } = spec ?? {};
  const name = childNames(addonName).pod;
  const { uid, namespace = '' } = live.metadata;
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: live.metadata.name, uid };
  return {
    metadata: {
      ...template?.metadata,
      labels: { ...template?.metadata?.labels, 'statefulset.kubernetes.io/pod-name': name },
      name,
      namespace,
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: false }],
    },
    spec: {
      ...template?.spec,
      containers: template?.spec?.containers ?? [],
      hostname: name,
      subdomain: serviceName,
    },
  } as Pod;
}
