import { backupsOf, isPaused, stateOf } from '../../api/addon-defaults.ts';
import { isBeingDrilled } from '../../addon/observe/stores.ts';
import type { InfluxBackupStatus } from '../../api/influx-backup.ts';
import { afterLost, type TaskAction } from '../decision/action.ts';
import { jobAction, ownerOf } from './jobs.ts';
import { jobState } from '../world/job-state.ts';
import { isEncrypted, phaseOf, statusAction, type Backup } from '../decision/phase.ts';
import { BACKUP_EVENT, BACKUP_REASON, type BackupReason } from '../decision/reasons.ts';
import { retryAt } from '../decision/retries.ts';
import { type Step } from '../backups/take.ts';
import { rfc3339 } from '../../api/time.ts';
import type { BackupsWorld } from '../world/world.ts';

/** A little less than a week, so that the drill stays with the backup of one weekday. */
const EVERY_MS = 6.5 * 86_400_000;
const DEADLINE_SECONDS = 6 * 3600;
const MAX_DRILLS = 3;

/** With `verify: Weekly`: restores the newest backup onto a scratch volume and compares, to know that it can be done. */
export function drillStep(world: BackupsWorld, now: Date): Step {
  const staying = world.backups.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  // What has begun is followed to its end, whatever the addon has become: it keeps a place from others.
  const running = staying.find(isBeingDrilled);
  if (running !== undefined) return follow(world, running, now);
  if (world.addon !== undefined && isPaused(world.addon)) return IDLE;
  const due = isWanted(world) ? nextOf(world, staying, now) : undefined;
  const forgotten = staying.find((backup) => backup !== due?.backup && waitsForDrill(backup));
  if (forgotten !== undefined) return only(write(forgotten, { drill: undefined }, undefined, now));
  if (due === undefined) return IDLE;
  const { backup, waitMs } = due;
  if (waitMs > 0) return { action: undefined, wakeMs: waitMs };
  if (world.reach === undefined) return IDLE; // its pod is heard of
  if (world.drilling >= world.settings.atOnce) return inLine(backup, world.settings.atOnce, now);
  return only(begun(backup, (backup.status?.drill?.attempts ?? 0) + 1, now));
}

/** Whether it is to be restored for a test when others have been. */
export function waitsForDrill({ status }: Backup): boolean {
  return status?.drill?.reason === BACKUP_REASON.waiting;
}

function isWanted({ addon }: BackupsWorld): boolean {
  return addon !== undefined && backupsOf(addon)?.verify === 'Weekly' && stateOf(addon) !== 'Stopped';
}

function nextOf(
  { addon }: BackupsWorld,
  backups: readonly Backup[],
  now: Date,
): { readonly backup: Backup; readonly waitMs: number } | undefined {
  const whole = backups.filter(
    (backup) => phaseOf(backup) === 'Completed' && backup.status?.addon?.id === addon?.status?.id,
  );
  const last = Math.max(...whole.map(({ status }) => Date.parse(status?.restorable?.at ?? '') || 0));
  const backup = whole.toSorted((a, b) => startOf(a) - startOf(b)).at(-1);
  if (backup === undefined || now.getTime() - last < EVERY_MS) return undefined;
  const { drill } = backup.status ?? {};
  if (drill?.failedAt !== undefined) return undefined;
  return { backup, waitMs: drill?.retryAt === undefined ? 0 : Date.parse(drill.retryAt) - now.getTime() };
}

const IDLE: Step = { action: undefined, wakeMs: undefined };

function startOf({ status }: Backup): number {
  return Date.parse(status?.startedAt ?? '') || 0;
}

function only(action: TaskAction | undefined): Step {
  return { action, wakeMs: undefined };
}

function follow(world: BackupsWorld, backup: Backup, now: Date): Step {
  const job = backup.status?.job ?? '';
  const state = jobState(world.tasks.get(job) ?? { job: undefined, pod: undefined }, now);
  switch (state.state) {
    case 'Missing':
      return makeJob(world, backup, job, now);
    case 'Settling':
      return { action: undefined, wakeMs: 1_000 };
    case 'Running':
      return { action: undefined, wakeMs: 60_000 };
    case 'Lost':
      return only(
        afterLost(state, (message) => notThisTime(backup, BACKUP_REASON.jobLost, message, true, now)),
      );
    case 'Ended': {
      const { result } = state;
      if (!result.ok) return only(notThisTime(backup, result.reason, result.message, result.retryable, now));
      const points = result.operation === 'drill' ? result.points : undefined;
      const restorable = { at: rfc3339(now), ...(points === undefined ? {} : { points }) };
      const note = `It was restored onto a scratch volume: ${points === undefined ? 'every file is whole' : `${points} points were found`}.`;
      const change = { restorable, job: undefined, drill: undefined };
      return only(write(backup, change, { type: 'Normal', reason: BACKUP_EVENT.drilled, note }, now));
    }
  }
}

/** Drills have places of their own: one may take hours, and a daily backup does not wait for that. */
function inLine(backup: Backup, atOnce: number, now: Date): Step {
  const { attempts = 0 } = backup.status?.drill ?? {};
  const message = `It is restored for a test in its turn: ${atOnce} others are being restored (--backups-at-once).`;
  const drill = { attempts, reason: BACKUP_REASON.waiting, message };
  return { action: write(backup, { drill }, undefined, now), wakeMs: 60_000 };
}

function begun(backup: Backup, attempts: number, now: Date): TaskAction | undefined {
  const job = `drill-${backup.metadata.uid}-${attempts}`;
  return write(backup, { job, drill: { attempts } }, undefined, now);
}

function notThisTime(
  backup: Backup,
  reason: BackupReason,
  message: string,
  retryable: boolean,
  now: Date,
): TaskAction | undefined {
  const attempts = backup.status?.drill?.attempts ?? 1;
  const again = retryable && attempts < MAX_DRILLS;
  const when = again ? { retryAt: rfc3339(retryAt(attempts, now)) } : { failedAt: rfc3339(now) };
  const drill = { attempts, reason, message: message.slice(0, 1024), ...when };
  const note = `It could not be restored for a test (${reason}): ${message}`;
  const event = { type: 'Warning' as const, reason: BACKUP_EVENT.drillFailed, note };
  return write(backup, { job: undefined, drill }, again ? undefined : event, now);
}

/** The backup itself is what it was: only what is known of it changes. */
function write(
  backup: Backup,
  change: { readonly [K in keyof InfluxBackupStatus]?: InfluxBackupStatus[K] | undefined },
  event: { type: 'Normal' | 'Warning'; reason: string; note: string } | undefined,
  now: Date,
): TaskAction | undefined {
  const ready = backup.status?.conditions?.find(({ type }) => type === 'Ready');
  const standing = {
    ready: true,
    stalled: false,
    reason: BACKUP_REASON.completed,
    message: ready?.message ?? '',
  };
  return statusAction(backup, change, standing, now, event === undefined ? [] : [event]);
}

function makeJob(world: BackupsWorld, backup: Backup, name: string, now: Date): Step {
  const { addon, reach, settings, namespace, addonName } = world;
  const { location, store: where, manifestSha256, bytes, rawBytes } = backup.status ?? {};
  const store = world.stores.get(where?.name ?? '');
  const identity = store?.spec.encryption?.identityRef;
  if (isEncrypted(backup) && identity === undefined) {
    const message = 'The backup is encrypted, and the store names no spec.encryption.identityRef.';
    return only(notThisTime(backup, 'IdentityMissing', message, false, now));
  }
  if (store === undefined || location === undefined || settings.image === undefined)
    return only(notThisTime(backup, BACKUP_REASON.storeMissing, 'The store is gone.', false, now));
  // Nobody knows when there will be a database again to know the engine by: until then its place is others'.
  if (reach === undefined || addon?.status?.id === undefined || !isWanted(world))
    return only(write(backup, { job: undefined, drill: undefined }, undefined, now));
  const action = jobAction(
    {
      name,
      namespace,
      subject: { kind: 'Addon', name: addonName },
      owner: ownerOf('InfluxBackup', backup),
      store,
      operation: {
        operation: 'drill',
        deadlineSeconds: DEADLINE_SECONDS,
        location,
        ...(manifestSha256 === undefined ? {} : { manifestSha256 }),
        target: {
          name: addon.status.id,
          engineVersion: addon.status.version ?? '',
          storageBytes: Math.max(world.volumeBytes, (rawBytes ?? 0) * 2),
        },
      },
    },
    {
      addonName: undefined,
      image: settings.image,
      engineImage: reach.engineImage,
      ...(world.resources === undefined ? {} : { engineResources: world.resources }),
      dataBytes: bytes ?? world.volumeBytes,
      secrets: identity === undefined ? {} : { identity },
    },
  );
  return only(action);
}
