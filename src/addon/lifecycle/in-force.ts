import { notImplemented } from '../../api/not-implemented.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import { countChanges } from '../apps/changes.ts';
import { onVolume } from '../backups/volume.ts';
import { settleContents } from '../database/contents/facts.ts';
import { lossesOf } from '../database/contents/next.ts';
import { isAbout } from '../database/state.ts';
import { telling, waiting, type Outcome } from '../decision/outcome.ts';
import { blockedPicture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { credentialsMark } from '../identity/settle.ts';
import { openedBy } from '../identity/opened.ts';
import type { Candidate } from '../maintenance/step.ts';
import type { Children } from '../world/children.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { World } from '../world/world.ts';

export interface Running {
  /** All that is to be kept of the database, what is in force from now on included. */
  readonly facts: Facts;
  readonly target: InForce;
  readonly refusal: Refusal | undefined;
  readonly unimplemented: readonly string[];
}

/** What the database runs with from now on. An addon without that is stopped here, with the reason. */
export function inForceStep({
  world,
  facts: settled,
  leaving,
  candidate,
  refusal,
  now,
  fresh,
}: Scene & Candidate & { readonly facts: Facts; readonly leaving: Refusal | undefined }): Running | Outcome {
  const { addon } = world;
  const restores = leaving === undefined ? world.restores : [];
  const there = candidate && onVolume(candidate, settled, restores, addon.status?.storage?.claim);
  const target = there && countChanges(world, settled.inForce, there);
  const unimplemented = notImplemented(addon.spec);
  if (target === undefined) {
    const why = refusal ?? { reason: STALLED_REASON.rejected, message: 'the spec cannot be followed' };
    // A certificate that is not in force yet comes into force without anybody's doing.
    const requeueAfterMs = why.reason === STALLED_REASON.certificateRefused ? 60_000 : undefined;
    return telling(blockedPicture(world, why, undefined, unimplemented), { requeueAfterMs });
  }
  if (leaving === undefined && isLeaving(world.children))
    return waiting('the volume and Secrets of the previous addon to be deleted');
  const facts: Facts = {
    ...settled,
    contents: settleContents(world, settled, lossesOf(world, settled, now), fresh),
    inForce: target,
    openedBy: openedBy(world, settled, target),
    passwordUnproven: settled.passwordUnproven && !isProven(world, settled),
  };
  return { facts, target, refusal, unimplemented };
}

/** An addon of the same name was deleted with its volume a moment ago: what is going away is never taken over. */
function isLeaving({ adminSecret, claim, statefulSet }: Children): boolean {
  if (adminSecret?.metadata.deletionTimestamp !== undefined) return true;
  return claim?.metadata.deletionTimestamp !== undefined && statefulSet === undefined;
}

/** The database has let the application's user in with this password. */
function isProven({ memory, pod }: World, facts: Facts): boolean {
  const asked = { podUid: pod?.metadata.uid ?? '', credentials: credentialsMark(facts) };
  const { database } = memory;
  return isAbout(database, asked) && database.answer.ok && database.answer.login === 'Accepted';
}
