import { BACKUPS_REASON } from '../../api/reasons.ts';
import { rfc3339 } from '../../api/time.ts';
import { backupsOf, stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import { lastSlot, nextSlot } from '../../backup/schedule.ts';
import { given } from '../../kube/objects/given.ts';
import type { World } from '../world/world.ts';
import { messageOf, startOf, wholeOf } from './view.ts';

/** A backup may take so long, from its turn on, until it is missed. */
const GRACE_MS = 3 * 3_600_000;
/** With weekly drills, a backup older than this has to have been followed by one. */
const DRILL_MS = 8 * 86_400_000;

export interface BackupHealth {
  readonly status: InfluxAddonStatus['backups'];
  /** Undefined without a store: there is nothing to be said. */
  readonly condition:
    | { readonly status: boolean; readonly reason: string; readonly message: string }
    | undefined;
  /** When that changes by itself, in milliseconds from now. */
  readonly wakeMs: number | undefined;
}

/** What status says about backups: the last due one exists and, with drills, was restored for a test. */
export function backupHealth(world: Pick<World, 'addon' | 'backups'>, now: Date): BackupHealth {
  const { addon, backups } = world;
  const settings = backupsOf(addon);
  const whole = wholeOf(backups, addon.status?.id);
  const last = whole.at(-1);
  const drilled = whole.findLast(({ status }) => status?.restorable !== undefined);
  const hour = settings?.dailyHour;
  const next = hour === undefined ? undefined : nextSlot(now, hour, addon.metadata.uid);
  const status = given({
    last: last && { name: last.metadata.name, time: last.status?.completedAt ?? '' },
    next: next && rfc3339(next.at),
    lastVerified: drilled && { name: drilled.metadata.name, time: drilled.status?.restorable?.at ?? '' },
  });
  const shown = Object.keys(status).length === 0 ? undefined : status;
  if (settings === undefined) return { status: shown, condition: undefined, wakeMs: undefined };
  const nowMs = now.getTime();
  const wakes = [
    next?.at.getTime(),
    hour === undefined ? undefined : missedAt(now, hour, addon.metadata.uid),
  ];
  const wakeMs = Math.min(...wakes.filter((at) => at !== undefined).map((at) => at - nowMs));
  const condition = conditionOf(world, settings, now);
  return { status: shown, condition, wakeMs: Number.isFinite(wakeMs) ? Math.max(wakeMs, 1_000) : undefined };
}

function conditionOf(
  { addon, backups }: Pick<World, 'addon' | 'backups'>,
  { store, dailyHour, verify }: NonNullable<ReturnType<typeof backupsOf>>,
  now: Date,
): BackupHealth['condition'] {
  if (!backups.storeExists) {
    const message = `spec.backups.storeRef: there is no InfluxBackupStore ${store} in this namespace.`;
    return { status: false, reason: BACKUPS_REASON.storeMissing, message };
  }
  if (dailyHour === undefined)
    return {
      status: true,
      reason: BACKUPS_REASON.notScheduled,
      message: 'spec.backups.schedule.mode is Disabled',
    };
  if (stateOf(addon) === 'Stopped')
    return {
      status: true,
      reason: BACKUPS_REASON.stopped,
      message: 'no backups are due while the addon is Stopped',
    };
  const whole = wholeOf(backups, addon.status?.id);
  // The turn that should be done by now.
  const due = lastSlot(new Date(now.getTime() - GRACE_MS), dailyHour, addon.metadata.uid);
  const last = whole.at(-1);
  const isNew = Date.parse(addon.metadata.creationTimestamp ?? '') > due.at.getTime();
  if (!isNew && (last === undefined || startOf(last) < due.at.getTime())) {
    const failed = backups.all.filter(({ status }) => status?.failedAt !== undefined).at(-1);
    const why = failed === undefined ? '' : `; InfluxBackup ${failed.metadata.name}: ${messageOf(failed)}`;
    const since = last === undefined ? 'there is none' : `the last is of ${last.status?.completedAt}`;
    const message = `The backup that was due at ${due.at.toISOString().slice(0, 16)}Z is missing: ${since}${why}`;
    return { status: false, reason: BACKUPS_REASON.backupMissing, message };
  }
  if (verify === 'Weekly') {
    const tried = whole.findLast(
      ({ status }) => (status?.drill?.failedAt ?? status?.restorable) !== undefined,
    );
    const { failedAt, reason, message: why } = tried?.status?.drill ?? {};
    if (failedAt !== undefined) {
      const message = `InfluxBackup ${tried?.metadata.name} could not be restored for a test (${reason}): ${why}`;
      return { status: false, reason: BACKUPS_REASON.notVerified, message };
    }
    const [first] = whole;
    const drills = whole
      .map(({ status }) => Date.parse(status?.restorable?.at ?? ''))
      .filter(Number.isFinite);
    const since = drills.length > 0 ? Math.max(...drills) : first && startOf(first);
    if (since !== undefined && now.getTime() - since > DRILL_MS) {
      const message = 'No backup has been restored for a test for more than a week.';
      return { status: false, reason: BACKUPS_REASON.notVerified, message };
    }
  }
  return last === undefined
    ? { status: true, reason: BACKUPS_REASON.notDueYet, message: 'no backup has been due yet' }
    : { status: true, reason: BACKUPS_REASON.upToDate, message: 'the last due backup is in the store' };
}

/** When the turn that is next to be missed will be. */
function missedAt(now: Date, hour: number, uid: string): number {
  const shifted = new Date(now.getTime() - GRACE_MS);
  return nextSlot(shifted, hour, uid).at.getTime() + GRACE_MS;
}
