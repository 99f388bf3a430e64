import { rfc3339 } from '../../api/time.ts';
import { backupsOf } from '../../api/addon-defaults.ts';
import type { InfluxBackupStatus } from '../../api/influx-backup.ts';
import type { PlanClass } from '../../backup/keep.ts';
import type { BackupResult, FailedResult } from '../../backup/results.ts';
import { sizeInWords } from '../../backup/size.ts';
import { afterLost, type TaskAction } from '../decision/action.ts';
import { backupJob, type CannotBeMade } from '../jobs/backup-job.ts';
import { jobState } from '../world/job-state.ts';
import { inTheWay } from './obstacles.ts';
import { statusAction, type Backup } from '../decision/phase.ts';
import { BACKUP_EVENT, BACKUP_REASON, type BackupReason } from '../decision/reasons.ts';
import { MAX_ATTEMPTS, retryAt } from '../decision/retries.ts';
import { locationOf } from '../jobs/store-access.ts';
import type { BackupsWorld } from '../world/world.ts';

/** The next thing to do about one backup, or when to look at it again. */
export interface Step {
  readonly action: TaskAction | undefined;
  readonly wakeMs: number | undefined;
}

/** What a backup needs and does not have is waited for so long; then it has failed. */
const PATIENCE_MS = 3_600_000;

/** One that nothing has been done about: begin it, say what it waits for, or why it never will. */
export function begin(world: BackupsWorld, backup: Backup, isFirst: boolean, now: Date): Step {
  const found = inTheWay(world, backup, isFirst);
  if (found === undefined) return { action: started(world, backup, now), wakeMs: undefined };
  const age = now.getTime() - Date.parse(backup.metadata.creationTimestamp ?? now.toISOString());
  if (found.final || (found.patience && age >= PATIENCE_MS))
    return { action: failed(backup, found.reason, found.message, now), wakeMs: undefined };
  const standing = { ready: false, stalled: false, reason: BACKUP_REASON.waiting, message: found.message };
  const wakeMs = found.patience ? Math.min(PATIENCE_MS - age, 30_000) : 30_000;
  return { action: statusAction(backup, {}, standing, now), wakeMs };
}

/** One whose Job was decided: make it, follow it, and tell how it ended. */
export function follow(world: BackupsWorld, backup: Backup, now: Date): Step {
  const { job, retryAt: due, attempts = 1 } = backup.status ?? {};
  if (due !== undefined || job === undefined) {
    const waitMs = due === undefined ? 0 : Date.parse(due) - now.getTime();
    if (waitMs > 0) return { action: undefined, wakeMs: waitMs };
    return { action: attempt(backup, attempts + 1, {}, now), wakeMs: undefined };
  }
  const state = jobState(world.tasks.get(job) ?? { job: undefined, pod: undefined }, now);
  switch (state.state) {
    case 'Missing':
      return made(backup, backupJob(world, backup, job), now);
    case 'Settling':
      return { action: undefined, wakeMs: 1_000 };
    case 'Running': {
      const message = state.waiting === undefined ? RUNNING : `The backup waits: ${state.waiting}.`;
      const standing = { ready: false, stalled: false, reason: BACKUP_REASON.running, message };
      return { action: statusAction(backup, {}, standing, now), wakeMs: 60_000 };
    }
    case 'Lost': {
      const lost = (message: string) =>
        notThisTime(backup, { reason: BACKUP_REASON.jobLost, message, retryable: true }, now).action;
      return { action: afterLost(state, lost), wakeMs: undefined };
    }
    case 'Ended': {
      const { result } = state;
      if (result.ok && result.operation === 'backup')
        return { action: completed(backup, result, now), wakeMs: undefined };
      const message = `Job ${job} reported another operation than it was made for.`;
      return notThisTime(
        backup,
        result.ok ? { reason: BACKUP_REASON.jobLost, message, retryable: false } : result,
        now,
      );
    }
  }
}

const RUNNING = 'The backup is being taken.';

function started(world: BackupsWorld, backup: Backup, now: Date): TaskAction | undefined {
  const { addon, cluster, namespace, stores } = world;
  const store = stores.get((addon && backupsOf(addon)?.store) ?? '');
  const { status } = addon ?? {};
  if (addon === undefined || store === undefined || cluster === undefined || status?.id === undefined)
    return undefined;
  const { plan, version } = status;
  return attempt(
    backup,
    1,
    {
      startedAt: rfc3339(now),
      addon: {
        name: addon.metadata.name,
        id: status.id,
        uid: addon.metadata.uid,
        ...(plan === undefined ? {} : { plan }),
        ...(version === undefined ? {} : { version }),
        class: classOf(world),
      },
      store: { name: store.metadata.name, location: locationOf(store) },
      location: { cluster, namespace, addonId: status.id, uid: backup.metadata.uid },
      ...(store.spec.encryption === undefined ? {} : { recipients: store.spec.encryption.recipients }),
    },
    now,
  );
}

/** Names the next Job, before it is made: whoever comes back finds it or makes it. */
function attempt(
  backup: Backup,
  attempts: number,
  change: Partial<InfluxBackupStatus>,
  now: Date,
): TaskAction | undefined {
  const job = `backup-${backup.metadata.uid}-${attempts}`;
  const standing = { ready: false, stalled: false, reason: BACKUP_REASON.running, message: RUNNING };
  const events =
    attempts === 1 ? [{ type: 'Normal' as const, reason: BACKUP_EVENT.started, note: RUNNING }] : [];
  return statusAction(backup, { ...change, attempts, job, retryAt: undefined }, standing, now, events);
}

function made(backup: Backup, job: TaskAction | CannotBeMade, now: Date): Step {
  return 'retryable' in job ? notThisTime(backup, job, now) : { action: job, wakeMs: undefined };
}

function notThisTime(
  backup: Backup,
  failure: Pick<FailedResult, 'message' | 'retryable'> & { readonly reason: BackupReason },
  now: Date,
): Step {
  const { attempts = 1 } = backup.status ?? {};
  if (!failure.retryable || attempts >= MAX_ATTEMPTS)
    return { action: failed(backup, failure.reason, failure.message, now), wakeMs: undefined };
  const due = retryAt(attempts, now);
  const message = `Attempt ${attempts} of ${MAX_ATTEMPTS} came to nothing (${failure.reason}: ${failure.message}); the next is made at ${rfc3339(due)}.`;
  const standing = { ready: false, stalled: false, reason: BACKUP_REASON.retrying, message };
  const events = [{ type: 'Warning' as const, reason: BACKUP_EVENT.retrying, note: message }];
  const action = statusAction(backup, { retryAt: rfc3339(due), job: undefined }, standing, now, events);
  return { action, wakeMs: undefined };
}

function failed(backup: Backup, reason: BackupReason, message: string, now: Date): TaskAction | undefined {
  const standing = { ready: false, stalled: true, reason, message };
  const events = [{ type: 'Warning' as const, reason: BACKUP_EVENT.failed, note: `${reason}: ${message}` }];
  const change = { failedAt: rfc3339(now), job: undefined, retryAt: undefined };
  return statusAction(backup, change, standing, now, events);
}

function completed(backup: Backup, result: BackupResult, now: Date): TaskAction | undefined {
  const { archive, points, dataBytes, verified, manifestSha256 } = result;
  const size = sizeInWords(archive.bytes);
  const counted =
    points === undefined ? 'sizes and checksums were compared' : `${points} points were counted`;
  const encryption = archive.encrypted ? 'encrypted' : 'not encrypted';
  const message = `The backup is in the store, ${encryption}: ${size}, read back; ${counted}.`;
  const standing = { ready: true, stalled: false, reason: BACKUP_REASON.completed, message };
  const change = {
    completedAt: result.completedAt,
    job: undefined,
    size,
    bytes: archive.bytes,
    rawBytes: dataBytes,
    points,
    sha256: archive.sha256,
    manifestSha256,
    verified,
    addon: backup.status?.addon && { ...backup.status.addon, version: result.engineVersion },
  };
  const events = [{ type: 'Normal' as const, reason: BACKUP_EVENT.completed, note: message }];
  return statusAction(backup, change, standing, now, events);
}

/** Without a plan to look at, the class that keeps more. */
function classOf({ planClass }: BackupsWorld): PlanClass {
  return planClass ?? 'Business';
}
