import { jobAction } from '../jobs/jobs.ts';
import { jobState } from '../world/job-state.ts';
import { BACKUP_FINALIZER } from '../world/labels.ts';
import { statusAction, type Backup } from '../decision/phase.ts';
import { BACKUP_EVENT, BACKUP_REASON, type BackupReason } from '../decision/reasons.ts';
import { MAX_ATTEMPTS, retryAt } from '../decision/retries.ts';
import { type Step } from './take.ts';
import { rfc3339 } from '../../api/time.ts';
import { afterLost, type TaskAction } from '../decision/action.ts';
import type { BackupsWorld } from '../world/world.ts';
import { InfluxBackup } from '../../api/kinds.ts';
import { Job, type Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';

const DEADLINE_SECONDS = 3600;

/** Objects in the store are deleted with the InfluxBackup only where its policy says so. */
export function needsFinalizer({ spec }: Backup): boolean {
  return spec.deletionPolicy === 'Delete';
}

export function finalizerStep(backup: Backup): TaskAction | undefined {
  const { finalizers = [], deletionTimestamp } = backup.metadata;
  if (deletionTimestamp !== undefined || !needsFinalizer(backup) || finalizers.includes(BACKUP_FINALIZER))
    return undefined;
  return withFinalizers(backup, [...finalizers, BACKUP_FINALIZER]);
}

/** A user has deleted it: first its objects in the store if that is its policy, then let it go. */
export function leave(world: BackupsWorld, backup: Backup, now: Date): Step {
  const { finalizers = [] } = backup.metadata;
  if (!finalizers.includes(BACKUP_FINALIZER)) return IDLE;
  const keeps = world.namespaceTerminating || !needsFinalizer(backup);
  const step = keeps ? undefined : emptied(world, backup, now);
  if (step !== undefined) return step;
  const others = finalizers.filter((each) => each !== BACKUP_FINALIZER);
  return { action: withFinalizers(backup, others), wakeMs: undefined };
}

/** It is kept no longer: its objects in the store go first, so that none is left that nobody knows of. */
export function expire(world: BackupsWorld, backup: Backup, now: Date): Step {
  const step = emptied(world, backup, now);
  if (step !== undefined) return step;
  const { finalizers = [] } = backup.metadata;
  const others = finalizers.filter((each) => each !== BACKUP_FINALIZER);
  if (others.length < finalizers.length) return { action: withFinalizers(backup, others), wakeMs: undefined };
  const why = backup.status?.expiry ?? 'it is kept no longer';
  return { action: { do: 'delete', kind: KIND, live: backup, why }, wakeMs: undefined };
}

const KIND = InfluxBackup as Kind<KubeObject>;
const IDLE: Step = { action: undefined, wakeMs: undefined };

/** The step that is still to be done until the store holds nothing of it; undefined when there is none. */
function emptied(world: BackupsWorld, backup: Backup, now: Date): Step | undefined {
  const { status } = backup;
  if (status?.location === undefined || status.store === undefined) return undefined;
  const job = status.job ?? '';
  const task = world.tasks.get(job) ?? { job: undefined, pod: undefined };
  if (!isDeletion(job)) {
    // What still writes is stopped before what it wrote is deleted.
    if (task.job !== undefined && task.job.metadata.deletionTimestamp === undefined)
      return {
        action: { do: 'delete', kind: Job as Kind<KubeObject>, live: task.job, why: 'the backup is deleted' },
        wakeMs: undefined,
      };
    if (task.job !== undefined || task.pod !== undefined) return { action: undefined, wakeMs: 5_000 };
    if (status.expiredAt !== undefined && status.retryAt !== undefined)
      return waited(backup, status.retryAt, now);
    return { action: attempt(backup, 1, now), wakeMs: undefined };
  }
  const state = jobState(task, now);
  switch (state.state) {
    case 'Missing':
      return makeJob(world, backup, job, now);
    case 'Settling':
      return { action: undefined, wakeMs: 1_000 };
    case 'Running':
      return { action: undefined, wakeMs: 60_000 };
    case 'Lost': {
      const next = later(backup, BACKUP_REASON.jobLost, state.message, now);
      if (next === undefined) return undefined;
      const lost = (message: string) => later(backup, BACKUP_REASON.jobLost, message, now)?.action;
      return { ...next, action: afterLost(state, lost) };
    }
    case 'Ended':
      return state.result.ok ? undefined : later(backup, state.result.reason, state.result.message, now);
  }
}

function isDeletion(job: string): boolean {
  return job.startsWith('delete-');
}

function waited(backup: Backup, due: string, now: Date): Step {
  const waitMs = Date.parse(due) - now.getTime();
  if (waitMs > 0) return { action: undefined, wakeMs: waitMs };
  return { action: attempt(backup, (backup.status?.attempts ?? 0) + 1, now), wakeMs: undefined };
}

function attempt(backup: Backup, attempts: number, now: Date): TaskAction | undefined {
  const message = 'Its objects in the store are being deleted.';
  const standing = { ready: false, stalled: false, reason: BACKUP_REASON.deleting, message };
  const job = `delete-${backup.metadata.uid}-${attempts}`;
  const expiredAt = backup.status?.expiredAt ?? rfc3339(now);
  return statusAction(backup, { expiredAt, attempts, job, retryAt: undefined }, standing, now);
}

/**
 * It is tried for as long as it takes: what has gone from here must not stay there unknown. Of one that was never whole
 * there may be leftovers, which nobody takes for a backup: those are tried for a few times only.
 */
function later(backup: Backup, reason: BackupReason, why: string, now: Date): Step | undefined {
  const attempts = backup.status?.attempts ?? 1;
  if (backup.status?.completedAt === undefined && attempts >= MAX_ATTEMPTS) return undefined;
  const due = retryAt(attempts, now);
  const message = `Its objects in the store could not be deleted (${reason}: ${why}); it is tried again at ${rfc3339(due)}. To let go of it and leave them there, take the finalizer ${BACKUP_FINALIZER} off.`;
  const standing = { ready: false, stalled: true, reason: BACKUP_REASON.deleting, message };
  const events = [{ type: 'Warning' as const, reason: BACKUP_EVENT.failed, note: message }];
  const change = { retryAt: rfc3339(due), job: undefined };
  return { action: statusAction(backup, change, standing, now, events), wakeMs: undefined };
}

function makeJob(world: BackupsWorld, backup: Backup, name: string, now: Date): Step | undefined {
  const { status } = backup;
  const store = world.stores.get(status?.store?.name ?? '');
  if (store === undefined)
    return later(
      backup,
      BACKUP_REASON.storeMissing,
      `there is no InfluxBackupStore ${status?.store?.name}`,
      now,
    );
  if (world.settings.image === undefined || status?.location === undefined)
    return later(backup, BACKUP_REASON.noJobImage, 'the operator was started without --job-image', now);
  const action = jobAction(
    {
      name,
      namespace: world.namespace,
      subject: { kind: 'Addon', name: world.addonName },
      // No owner: garbage collection takes what belongs to an object that is being deleted.
      owner: undefined,
      store,
      operation: { operation: 'delete', deadlineSeconds: DEADLINE_SECONDS, location: status.location },
    },
    { addonName: undefined, image: world.settings.image, dataBytes: 0 },
  );
  return { action, wakeMs: undefined };
}

function withFinalizers(backup: Backup, finalizers: readonly string[]): TaskAction {
  return { do: 'finalizers', kind: KIND, live: backup, finalizers };
}
