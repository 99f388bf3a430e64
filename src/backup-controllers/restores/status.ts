import type { InfluxRestoreStatus } from '../../api/influx-restore.ts';
import { InfluxRestore } from '../../api/kinds.ts';
import { isInitial } from '../../addon/backups/volume.ts';
import { hashOf } from '../../addon/world/hash.ts';
import { given } from '../../kube/objects/given.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import type { Announcement, TaskAction, TaskDecision } from '../decision/action.ts';
import { conditionsFor, type Standing } from '../decision/conditions.ts';
import { RESTORE_EVENT, RESTORE_REASON, type RestoreReason } from '../decision/reasons.ts';
import type { Restore } from '../world/restore-world.ts';
import { MAX_ATTEMPTS, retryAt } from '../decision/retries.ts';
import { rfc3339 } from '../../api/time.ts';

export const RESTORING =
  'The data is being restored onto a volume of its own; the database goes on meanwhile.';

export function attempt(
  restore: Restore,
  attempts: number,
  change: Partial<InfluxRestoreStatus>,
  now: Date,
): TaskDecision {
  const job = `restore-${restore.metadata.uid}-${attempts}`;
  const standing = { ready: false, stalled: false, reason: RESTORE_REASON.running, message: RESTORING };
  const events =
    attempts === 1 ? [{ type: 'Normal' as const, reason: RESTORE_EVENT.started, note: RESTORING }] : [];
  return write(restore, { ...change, attempts, job, retryAt: undefined }, standing, now, events);
}

export function notThisTime(
  restore: Restore,
  reason: RestoreReason,
  why: string,
  retryable: boolean,
  now: Date,
): TaskDecision {
  const attempts = restore.status?.attempts ?? 1;
  if (!retryable || attempts >= MAX_ATTEMPTS) return failed(restore, reason, why, now);
  const due = rfc3339(retryAt(attempts, now));
  const message = `Attempt ${attempts} of ${MAX_ATTEMPTS} came to nothing (${reason}: ${why}); the next is made at ${due}.`;
  const standing = { ready: false, stalled: false, reason: RESTORE_REASON.retrying, message };
  const events = [{ type: 'Warning' as const, reason: RESTORE_EVENT.retrying, note: message }];
  return write(restore, { retryAt: due, job: undefined }, standing, now, events);
}

/** A second volume is needed; where it is refused the database goes on as it was, and the restore waits. */
export function volumeRefused(restore: Restore, words: string, now: Date): TaskAction | undefined {
  const { claim, startedAt, conditions = [] } = restore.status ?? {};
  const sinceMs = now.getTime() - Date.parse(startedAt ?? now.toISOString());
  const due = rfc3339(new Date(now.getTime() + Math.min(Math.max(sinceMs, 15_000), 300_000)));
  const reason = RESTORE_REASON.volumeRefused;
  const note = `The API server refuses the volume claim ${claim}, which the data is restored onto: ${words}`;
  const message = `${note}. The database goes on with the data it has and takes writes. It is tried again at ${due}.`;
  const isNews = conditions.find(({ type }) => type === 'Ready')?.reason !== reason;
  const events = isNews ? [{ type: 'Warning' as const, reason: RESTORE_EVENT.retrying, note }] : [];
  const standing = { ready: false, stalled: false, reason, message };
  return write(restore, { retryAt: due }, standing, now, events).actions[0];
}

export function failed(restore: Restore, reason: RestoreReason, why: string, now: Date): TaskDecision {
  const touched = isInitial(restore) ? '' : ' The database goes on with the data it has.';
  const standing = { ready: false, stalled: true, reason, message: `${why}${touched}` };
  const events = [{ type: 'Warning' as const, reason: RESTORE_EVENT.failed, note: `${reason}: ${why}` }];
  return write(
    restore,
    { failedAt: rfc3339(now), job: undefined, retryAt: undefined },
    standing,
    now,
    events,
  );
}

export function write(
  restore: Restore,
  change: { readonly [K in keyof InfluxRestoreStatus]?: InfluxRestoreStatus[K] | undefined },
  standing: Standing,
  now: Date,
  events: readonly Announcement[] = [],
): TaskDecision {
  const conditions = conditionsFor(restore, standing, now);
  const observedGeneration = restore.metadata.generation ?? 0;
  const status = given({ ...restore.status, ...change, observedGeneration, conditions });
  if (hashOf(status) === hashOf(restore.status ?? {})) return { actions: [], requeueAfterMs: undefined };
  const action = {
    do: 'status' as const,
    kind: InfluxRestore as Kind<KubeObject>,
    live: restore,
    status,
    events,
  };
  return { actions: [action], requeueAfterMs: undefined };
}
