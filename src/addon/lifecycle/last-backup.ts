import { stateOf } from '../../api/addon-defaults.ts';
import { STALLED_REASON, type StalledReason } from '../../api/reasons.ts';
import { finalBackup } from '../backups/final.ts';
import type { Refusal } from '../decision/resolution.ts';
import { podState } from '../pod/state.ts';
import type { World } from '../world/world.ts';

/**
 * Why no last backup can ever be taken of an addon that is being deleted: lost, or never to come up again by itself.
 * What merely looks so is kept, which harms nobody. Status says so until the addon is gone, so that what was decided
 * stays decided, whatever becomes of the database meanwhile.
 */
export function noLastBackup(world: World, now: Date): Refusal | undefined {
  const { addon, children } = world;
  if (finalBackup(world).state === 'Done') return undefined;
  const stalled = addon.status?.conditions?.find(({ type }) => type === 'Stalled');
  const reason = HOPELESS.find((each) => each === stalled?.reason);
  if (stalled?.status === 'True' && reason !== undefined) return { reason, message: stalled.message };
  const isGone = children.claim === undefined || children.claim.status?.phase === 'Lost';
  return isGone || cannotStart(world, now)
    ? { reason: STALLED_REASON.noLastBackup, message: KEPT }
    : undefined;
}

export const KEPT =
  'The database is lost or cannot start, so that no last backup can be taken: as with deletionPolicy Retain, what is left of the volume stays, and so do the credentials.';

const HOPELESS: readonly StalledReason[] = [
  STALLED_REASON.dataLost,
  STALLED_REASON.metaMissing,
  STALLED_REASON.metaCorrupt,
  STALLED_REASON.noLastBackup,
];

/** A start that fails for longer than this fails for good. */
const PATIENCE_MS = 5 * 60_000;

/** It keeps ending, has no image, or fits no node; one that is stopped was not tried. */
function cannotStart({ addon, children, pod }: World, now: Date): boolean {
  const state = podState(pod, children.statefulSet, now.getTime());
  if (stateOf(addon) === 'Stopped' || state.state !== 'Trouble') return false;
  if (state.refusal !== undefined) return true;
  const { conditions = [] } = pod?.status ?? {};
  const unready = ['Ready', 'PodScheduled'].flatMap((type) =>
    conditions.filter((each) => each.type === type && each.status === 'False'),
  )[0];
  const since = unready?.lastTransitionTime ?? pod?.metadata.creationTimestamp ?? '';
  return now.getTime() - Date.parse(since) >= PATIENCE_MS;
}

/** When to look again at a database of which a last backup is awaited. */
export const LOOK_AGAIN_MS = 60_000;
