import { stateOf } from '../../api/addon-defaults.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind, Pod, StatefulSet } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action, DryRunAction } from '../decision/action.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { recordedInForce } from '../identity/record.ts';
import type { InForce } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import { isRunning } from '../pod/state.ts';
import type { World } from '../world/world.ts';
import type { ChildChange } from './changes.ts';
import type { BuildContext } from './context.ts';
import { replacement } from './intent/merge.ts';
import { buildStatefulSet } from './stateful-set.ts';

/**
 * A database that runs is not stopped for a change that the API server does not take: it is asked before the first
 * write of the change, about the volume, the StatefulSet and the pod that would follow. Also when the StatefulSet waits
 * for something else first, since what is in force is recorded before.
 */
export function dryRunStep({
  world,
  context,
  target,
  changes,
  refusal,
  now,
}: Scene & {
  readonly context: BuildContext;
  readonly target: InForce;
  readonly changes: readonly ChildChange[];
  readonly refusal: Refusal | undefined;
}): Outcome | undefined {
  // What else is done to a database whose spec is refused, a deadline demands.
  const live = world.children.statefulSet;
  const isAsked =
    refusal === undefined || recordedInForce(undefined, live)?.restartedFor !== target.restartedFor;
  const action = isAsked ? dryRunOf(world, context, changes) : undefined;
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
  if (dryRun.refusal === undefined || dryRun.generation !== addon.metadata.generation) return undefined;
  return { ...dryRun.refusal, byDryRun: true };
}

/**
 * Whether a change of the StatefulSet is what was refused, though it is in force by the record already: the verdict was
 * another one then. A restart that cannot wait is none.
 */
export function isRefusedStop(
  action: Action,
  live: Live<StatefulSet> | undefined,
  target: InForce,
  refusal: Refusal | undefined,
): boolean {
  if (refusal?.byDryRun !== true || action.do !== 'replace' || live === undefined) return false;
  const isRestart = recordedInForce(undefined, live)?.restartedAt !== target.restartedAt;
  return endsPod(live, action.object as StatefulSet) && !isRestart;
}

function dryRunOf(
  world: World,
  context: BuildContext,
  changes: readonly ChildChange[],
): DryRunAction | undefined {
  const { addon, children, pod } = world;
  const live = children.statefulSet;
  if (live === undefined || stateOf(addon) !== 'Running') return undefined;
  const present = pod?.metadata.deletionTimestamp === undefined ? pod : undefined;
  if ((pod === undefined || !isRunning(pod)) && !isToldRefused(addon)) return undefined;
  const intent = buildStatefulSet(context);
  if (!endsPod(live, intent)) return undefined;
  const set = replacement(live, intent);
  const claim = changes.find(({ slot }) => slot === 'claim')?.action;
  const volume = claim?.do === 'replace' ? claim.object : undefined;
  const next = podOf(live, set, addon.metadata.name);
  const write = (verb: 'create' | 'replace', kind: Kind<KubeObject>, object: KubeObject) => ({
    verb,
    kind,
    object,
  });
  return {
    do: 'dryRun',
    of: hashOf({ generation: addon.metadata.generation, volume: (volume as Sized | undefined)?.spec, next }),
    writes: [
      ...(volume === undefined ? [] : [write('replace', kinds.PersistentVolumeClaim, volume)]),
      write('replace', kinds.StatefulSet, set),
      write('create', kinds.Pod, next),
    ],
    leaving: present,
  };
}

type Sized = kinds.PersistentVolumeClaim;

/**
 * A database that ran when a change was refused, and is away for a moment, does not come back with what is refused. Of
 * what was refused otherwise nothing would be asked.
 */
function isToldRefused({ metadata, status }: World['addon']): boolean {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
  return (
    status?.observedGeneration === metadata.generation &&
    status?.dataPlane?.verifiedAt !== undefined &&
    stalled?.status === 'True' &&
    REFUSED_BY_SERVER.includes(stalled.reason)
  );
}

const REFUSED_BY_SERVER: readonly string[] = [
  STALLED_REASON.quotaExceeded,
  STALLED_REASON.forbidden,
  STALLED_REASON.rejected,
];

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
