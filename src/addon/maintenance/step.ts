import type { WayIn } from '../access/way-in.ts';
import { holdForBackup, type Hold } from '../backups/before-upgrade.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal, Resolution } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { World } from '../world/world.ts';
import { lastInForce } from '../wish/target.ts';
import { withRestart } from './restart-token.ts';
import { takeIn, type TakenIn } from './take-in.ts';

/** What the database is to run with from now on, the volume and the count of changes apart. */
export interface Candidate {
  /** Undefined when there is nothing to run with. */
  readonly candidate: InForce | undefined;
  /** The pod is about to be started anyway, so it is made as this operator makes it. */
  readonly renewTemplate: boolean;
  readonly refusal: Refusal | undefined;
}

/**
 * What the spec asks for and, where it is stopped anyway or maintenance has begun, what the platform wants; what is in
 * force while that may not be left.
 */
export function takeInStep({
  world,
  facts,
  leaving,
  wish,
  way,
  now,
}: Scene & {
  readonly facts: Facts;
  readonly leaving: Refusal | undefined;
  readonly wish: Resolution;
  readonly way: WayIn;
}): Candidate | Outcome {
  if (leaving !== undefined) {
    const candidate = facts.inForce ?? lastInForce(world, facts);
    return { candidate, renewTemplate: false, refusal: leaving };
  }
  const { taken, hold } = takenWithBackup(world, facts, wish.target, now);
  if (hold?.action !== undefined) return acting([hold.action]);
  // Nothing waits longer for an address than it can.
  const awaited = way.state === 'Awaited' ? takeIn(world, facts, undefined, now)?.target : undefined;
  const next = hold === undefined ? taken?.target : facts.inForce;
  return {
    candidate: withRestart(
      world,
      facts.inForce,
      awaited ?? next ?? lastInForce(world, facts),
      wish.refusal?.byDryRun,
    ),
    renewTemplate: hold === undefined && (taken?.renewTemplate ?? false),
    refusal: wish.refusal ?? hold?.refusal,
  };
}

/** What is taken in, and the backup that it waits for. What the user asks for waits for no backup of the platform's. */
function takenWithBackup(
  world: World,
  facts: Facts,
  wish: InForce | undefined,
  now: Date,
): { readonly taken: TakenIn | undefined; readonly hold: Hold | undefined } {
  const taken = takeIn(world, facts, wish, now);
  // Maintenance has seen to its backup before it began.
  if (taken === undefined || world.addon.status?.maintenance?.startedAt !== undefined)
    return { taken, hold: undefined };
  const version = taken.target.version.name;
  const hold = holdForBackup(world, facts, version, now);
  if (hold === undefined || wish === undefined || wish.version.name === version) return { taken, hold };
  return {
    taken: takeIn(world, facts, wish, now, false),
    hold: holdForBackup(world, facts, wish.version.name, now),
  };
}
