import { stateOf } from '../../api/addon-defaults.ts';
import { isInitial } from '../../addon/backups/volume.ts';
import type { TaskDecision } from '../decision/action.ts';
import { RESTORE_REASON } from '../decision/reasons.ts';
import { failed, write } from './status.ts';
import type { RestoreWorld } from '../world/restore-world.ts';

/** A database that answers takes the order at once; one that does not is written to by nobody. */
const PATIENCE_MS = 600_000;

/**
 * A restore begins once the addon has seen to it that its database refuses writes, which would be lost with the volume
 * that they are on. Undefined when it has, or when there is no database that could take any.
 */
export function awaitWriteStop({ restore, addon, claim }: RestoreWorld, now: Date): TaskDecision | undefined {
  const { startedAt, attempts = 1 } = restore.status ?? {};
  if (addon === undefined || isInitial(restore) || attempts > 1) return undefined;
  const { status } = addon;
  if (status?.restore?.uid === restore.metadata.uid || status?.state === 'Stopped') return undefined;
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  if (available?.status === 'False') return undefined;
  const since = claim?.metadata.creationTimestamp ?? startedAt ?? now.toISOString();
  const leftMs = Date.parse(since) + PATIENCE_MS - now.getTime();
  if (leftMs <= 0) {
    const why = 'The database could not be made to refuse writes, which would have been lost.';
    return failed(restore, RESTORE_REASON.writesNotStopped, why, now);
  }
  const message = 'Waiting for the database to refuse writes, which would be lost with the data of before.';
  const standing = { ready: false, stalled: false, reason: RESTORE_REASON.running, message };
  const decision = write(restore, {}, standing, now);
  return decision.actions.length > 0 ? decision : { actions: [], requeueAfterMs: leftMs };
}

/** Nothing runs on the restored volume until somebody starts it. */
export function stoppedMeanwhile(addon: NonNullable<RestoreWorld['addon']>): boolean {
  return stateOf(addon) === 'Stopped' && addon.status?.state === 'Stopped';
}
