import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import { unitsOf } from '../../kube/objects/quantity.ts';
import { isMemoryExhausted } from '../../limits/memory.ts';
import { nextPlan } from '../../limits/next-plan.ts';
import type { InForce } from '../world/facts.ts';
import { databaseStatuses } from '../pod/containers.ts';
import { isCurrent } from '../pod/state.ts';
import { LIMIT_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';
import { isTold, type LimitCondition, toldOf } from './condition.ts';

const TYPE = 'MemoryExhausted';

/** Undefined while there is no pod of what is in force to look at. */
export function memoryCondition(
  world: World,
  plan: InForce['plan'],
  nowMs: number,
): LimitCondition | undefined {
  const { addon, pod, children } = world;
  if (pod === undefined || children.statefulSet === undefined || !isCurrent(pod, children.statefulSet))
    return undefined;
  const told = toldOf(world, TYPE);
  const bytes = unitsOf(plan.spec.memory);
  const before = world.planOffers.find(({ name }) => name === addon.status?.plan)?.memoryBytes;
  const exhausted = isMemoryExhausted({
    killedMs: lastKillMs(databaseStatuses(pod)),
    toldSinceMs: isTold(told) ? Date.parse(told.lastTransitionTime) : undefined,
    morePlan: before !== undefined && bytes > before,
    nowMs,
  });
  if (!exhausted) return { type: TYPE, status: false, reason: LIMIT_REASON.withinLimit, message: '' };
  const { class: planClass, memory } = plan.spec;
  const next = nextPlan(
    world.planOffers,
    { name: plan.name, class: planClass },
    (offer) => offer.memoryBytes > bytes,
  );
  const larger =
    next === undefined
      ? 'no plan of the catalogue has more'
      : `set spec.plan to ${next.name} (${next.memory}) if that happens again`;
  return {
    type: TYPE,
    status: true,
    reason: LIMIT_REASON.outOfMemory,
    message: `The database was killed and started again because it needed more memory than plan ${plan.name} has (${memory}). Ask for less at once (shorter ranges, fewer series), or ${larger}.`,
  };
}

/**
 * When the kernel last killed a container for its memory, of what the kubelet still tells: the last end of each
 * container. An exit code of 137 alone says nothing, a failed probe ends so too.
 */
function lastKillMs(statuses: readonly ContainerStatus[]): number | undefined {
  const kills = statuses
    .flatMap(({ state, lastState }) => [state?.terminated, lastState?.terminated])
    .filter((ended) => ended?.reason === 'OOMKilled')
    .map((ended) => Date.parse(ended?.finishedAt ?? ''))
    .filter((ms) => !Number.isNaN(ms));
  return kills.length === 0 ? undefined : Math.max(...kills);
}
