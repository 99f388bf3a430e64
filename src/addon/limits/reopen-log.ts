import { EVENT_REASON } from '../../api/reasons.ts';
import type { Announcement } from '../decision/action.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { restartPod } from '../pod/restart.ts';
import type { World } from '../world/world.ts';
import { sizesOfVolume } from './volume.ts';

const LOG_REOPENED: Announcement = {
  type: 'Normal',
  reason: EVENT_REASON.logReopened,
  note: 'The volume was full and has grown. The engine goes on refusing writes to a log that it could not write, until it opens it anew: the pod is restarted.',
};

/**
 * Whether writes are refused for want of space that is there by now: a shard whose log could not be written once refuses
 * every write until the engine is started again (1.6.7 to 1.8.10), and says what it said when the volume was full. A
 * probe that is taken proves nothing, since it is of another shard than the application's where that writes the past.
 */
export function refusesForThePast(world: World): boolean {
  const { pod, memory } = world;
  const { measured } = memory;
  const volume = sizesOfVolume(world);
  if (measured?.fullBytes === undefined || measured.podUid !== pod?.metadata.uid) return false;
  // Counted from the start of the engine: none since is a log that was opened anew, or dropped with its shard.
  if (measured.figures?.logErrors === 0) return false;
  return volume !== undefined && volume.actualBytes > measured.fullBytes;
}

/** Once for each growth: of the next pod nothing is known. Nobody can write, so it does not wait for a window. */
export function reopenLogStep({
  world,
  leaving,
}: Scene & { readonly leaving: Refusal | undefined }): Outcome | undefined {
  if (leaving !== undefined || !refusesForThePast(world)) return undefined;
  return acting([restartPod(world, 'its volume was full, and has grown')], [LOG_REOPENED]);
}
