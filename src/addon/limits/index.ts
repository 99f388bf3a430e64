import type { InForce } from '../world/facts.ts';
import type { World } from '../world/world.ts';
import { cardinalityCondition } from './cardinality.ts';
import { type LimitCondition, toldOf } from './condition.ts';
import { memoryCondition } from './memory.ts';
import { storageCondition } from './storage.ts';

/**
 * What is to be said of the limits that the database comes near to. A condition appears when it is first true, is
 * false from then on when it has passed, and is left out here while what status says stays.
 */
export function limitConditions(world: World, plan: InForce['plan'], now: Date): LimitCondition[] {
  const nowMs = now.getTime();
  const all = [
    storageCondition(world, plan, nowMs),
    cardinalityCondition(world, plan),
    memoryCondition(world, plan, nowMs),
  ];
  return all.filter(
    (each): each is LimitCondition =>
      each !== undefined && (each.status || toldOf(world, each.type) !== undefined),
  );
}
