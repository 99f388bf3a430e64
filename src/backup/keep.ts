import type { BackupKind } from '../api/influx-backup.ts';

export type PlanClass = 'Starter' | 'Business';

/** How many are kept: of the days, of the weeks (Sunday's), of the months (the first Sunday's); and made by hand. */
export const KEPT = {
  Starter: { daily: 7, weekly: 4, monthly: 0, manual: 10, goneDays: 31 },
  Business: { daily: 7, weekly: 8, monthly: 12, manual: 50, goneDays: 366 },
} as const satisfies Record<PlanClass, object>;

/** What a smaller class keeps no longer is deleted only so many days after that was announced. */
export const GRACE_DAYS = 7;
/** A backup before an upgrade is kept for so many days: the way back from an upgrade that turns out badly. */
const BEFORE_UPGRADE_DAYS = 31;

const DAY_MS = 86_400_000;

/** A whole backup of one database, as far as its keeping is concerned. */
export interface Held {
  readonly name: string;
  readonly kind: BackupKind;
  readonly takenAt: Date;
  /** The class of the plan that it was taken with. */
  readonly planClass: PlanClass;
  /** What was announced before. */
  readonly expiresAt?: Date | undefined;
}

export type Keeping =
  | { readonly keep: true; readonly expiresAt?: undefined }
  /** It is kept until then. */
  | { readonly keep: true; readonly expiresAt: Date; readonly why: string }
  | { readonly keep: false; readonly expiresAt?: undefined; readonly why: string };

/**
 * What becomes of the whole backups of one database. `planClass` is that of the addon now, undefined when there is no
 * such database any more. The newest is always kept.
 *
 * While there is an addon, days and weeks are counted back from the newest scheduled backup rather than from now: when
 * none is taken, for whatever reason, none goes either. With `rolling`, of those made by hand the oldest beyond the
 * quota go.
 */
export function decideKeeping(
  backups: readonly Held[],
  planClass: PlanClass | undefined,
  now: Date,
  rolling = false,
): Map<string, Keeping> {
  const newest = backups.toSorted(byAge).at(-1);
  const scheduled = backups.filter(({ kind }) => kind === 'Scheduled').toSorted(byAge);
  const last = scheduled.at(-1)?.takenAt;
  const reference = planClass === undefined || last === undefined ? now : last;
  const by = {
    Starter: keptBy('Starter', scheduled, reference),
    Business: keptBy('Business', scheduled, reference),
  };
  const manual = backups.filter(({ kind }) => kind === 'Manual').toSorted(byAge);
  const decide = (backup: Held): Keeping => {
    if (backup === newest) return { keep: true };
    const own = backup.planClass;
    if (backup.kind === 'Scheduled') {
      if (by[planClass ?? own].has(backup.name)) return { keep: true };
      if (planClass === undefined || !by[own].has(backup.name))
        return { keep: false, why: 'newer ones are kept instead' };
      return smallerClass(backup, planClass, now);
    }
    if (backup.kind === 'BeforeUpgrade')
      return after(
        days(backup.takenAt, BEFORE_UPGRADE_DAYS),
        `it was made ${BEFORE_UPGRADE_DAYS} days ago`,
        now,
      );
    if (planClass !== undefined) {
      // One that was the last before a deletion is in no quota: data may have been deleted on the strength of it.
      if (!rolling || backup.kind === 'Final') return { keep: true };
      const newer = manual.length - 1 - manual.indexOf(backup);
      if (newer < KEPT[planClass].manual) return { keep: true };
      if (newer >= KEPT[own].manual) return { keep: false, why: 'newer ones made by hand are kept instead' };
      return smallerClass(backup, planClass, now);
    }
    const { goneDays } = KEPT[own];
    return after(
      backup.expiresAt ?? days(now, goneDays),
      `the database has been gone for ${goneDays} days`,
      now,
    );
  };
  return new Map(backups.map((backup) => [backup.name, decide(backup)]));
}

function smallerClass({ planClass, expiresAt }: Held, now: PlanClass, at: Date): Keeping {
  const due = expiresAt ?? days(at, GRACE_DAYS);
  return after(due, `the class ${now} keeps fewer backups than ${planClass}`, at);
}

function after(expiresAt: Date, why: string, now: Date): Keeping {
  return expiresAt <= now ? { keep: false, why } : { keep: true, expiresAt, why };
}

/** Names of the scheduled backups that a class keeps: the first of each day, each week and each month stands for it. */
function keptBy(planClass: PlanClass, scheduled: readonly Held[], reference: Date): Set<string> {
  const rule = KEPT[planClass];
  const kept = new Set<string>();
  const today = dayOf(reference);
  const thisWeek = weekOf(reference);
  const thisMonth = monthOf(sundayOf(thisWeek));
  const seen = new Set<string>();
  const first = (period: string) => !seen.has(period) && seen.add(period) !== undefined;
  for (const { name, takenAt } of scheduled) {
    const week = weekOf(takenAt);
    const day = dayOf(takenAt);
    if (first(`day ${day}`) && today - day < rule.daily) kept.add(name);
    if (!first(`week ${week}`)) continue;
    if (thisWeek - week < rule.weekly) kept.add(name);
    const sunday = sundayOf(week);
    if (sunday.getUTCDate() <= 7 && thisMonth - monthOf(sunday) < rule.monthly) kept.add(name);
  }
  return kept;
}

/** Days since the epoch, UTC. */
function dayOf(at: Date): number {
  return Math.floor(at.getTime() / DAY_MS);
}

/** Weeks, which begin on Sunday; the epoch was a Thursday. */
function weekOf(at: Date): number {
  return Math.floor((dayOf(at) + 4) / 7);
}

function sundayOf(week: number): Date {
  return new Date((week * 7 - 4) * DAY_MS);
}

function monthOf(at: Date): number {
  return at.getUTCFullYear() * 12 + at.getUTCMonth();
}

function days(from: Date, count: number): Date {
  return new Date(from.getTime() + count * DAY_MS);
}

function byAge(a: Held, b: Held): number {
  return a.takenAt.getTime() - b.takenAt.getTime() || (a.name < b.name ? -1 : 1);
}
