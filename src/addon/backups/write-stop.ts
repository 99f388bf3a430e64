import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import type { Live } from '../../kube/objects/types.ts';
import { telling, type Outcome } from '../decision/outcome.ts';
import type { BasePicture, Picture } from '../decision/picture.ts';
import type { Scene } from '../decision/story.ts';
import type { DatabaseState } from '../database/state.ts';
import { READY_REASON, ANSWERING } from '../../api/reasons.ts';
import { keptDataPlane } from '../pod/starting.ts';
import type { World } from '../world/world.ts';
import { isInitial, mountedClaim } from './volume.ts';

/*
 * While a restore into the addon is under way, its database runs on the volume that is about to be left. A point that
 * it took then would be missed by nobody until it is looked for: so its users may read and not write, from before the
 * Job begins until the database runs on the other volume, or the restore is given up. It is the engine that refuses:
 * connections that are open know no Service and no NetworkPolicy any more.
 */

/** The restore because of which the database of this pod is not to be written to. */
export function writeStop({
  pod,
  restores,
}: Pick<World, 'pod' | 'restores'>): Live<InfluxRestore> | undefined {
  const mounted = mountedClaim(pod);
  return restores.find((restore) => isUnderWay(restore) && restore.status?.claim !== mounted);
}

function isUnderWay(restore: Live<InfluxRestore>): boolean {
  const { status, metadata } = restore;
  // Before the first attempt there is no volume that the data could be restored onto: it may be refused for ever.
  if (status?.startedAt === undefined || status.attempts === undefined || isInitial(restore)) return false;
  if (status.completedAt !== undefined || status.failedAt !== undefined) return false;
  // One that is deleted is given up, unless its data is whole already.
  return metadata.deletionTimestamp === undefined || status.restoredAt !== undefined;
}

/** What status tells of it, for the restore that waits for it: a pod that is silent for a moment changes nothing. */
export function writeStopStatus(
  world: World,
  { writesStopped }: Pick<Picture, 'writesStopped'>,
  now: Date,
): InfluxAddonStatus['restore'] {
  const { uid, name } = writeStop(world)?.metadata ?? {};
  if (uid === undefined || name === undefined) return undefined;
  const before = world.addon.status?.restore;
  if (before?.uid === uid) return before;
  return writesStopped === uid ? { name, uid, writesRefusedAt: now.toISOString() } : undefined;
}

/** Whether the database of this pod is to refuse writes. */
export function writeStopStep({ world }: Scene): { readonly readOnly: boolean } {
  return { readOnly: writeStop(world) !== undefined };
}

/** The database answers and takes no writes: there is nothing to be verified with one, and nothing else is begun. */
export function writesStoppedStep({
  world,
  base,
  database,
  starts,
}: Scene & {
  readonly base: BasePicture;
  readonly database: DatabaseState;
  readonly starts: number;
}): Outcome | undefined {
  if (database.state !== 'ReadOnly') return undefined;
  const restore = writeStop(world)?.metadata;
  const message = `InfluxRestore ${restore?.name} is under way: until the database runs with its data, writes are answered with an error, and reads go on.`;
  const { refusal } = base;
  const picture: Picture = {
    ...base,
    ready:
      refusal === undefined
        ? { status: false, reason: READY_REASON.restoring, message }
        : { status: false, reason: READY_REASON.blocked, message: refusal.message },
    available: { status: true, reason: ANSWERING, message: 'the database answers' },
    state: 'Running',
    dataPlane: keptDataPlane(world.addon.status, starts),
    writesStopped: restore?.uid,
  };
  return telling(picture, { requeueAfterMs: database.recheckMs });
}
