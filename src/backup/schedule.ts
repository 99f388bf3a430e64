import { createHash } from 'node:crypto';

/** One daily turn of an addon. */
export interface Slot {
  /** The day, UTC: `20300131`. An addon has one scheduled backup for each. */
  readonly id: string;
  readonly at: Date;
}

const HOUR_S = 3600;
const DAY_MS = 24 * HOUR_S * 1000;

/** The turn that came last, now or before. `hour` is that of the day, UTC, in which the UID has its own second. */
export function lastSlot(now: Date, hour: number, uid: string): Slot {
  const today = slotOf(now, hour, uid);
  return today.at <= now ? today : slotOf(new Date(now.getTime() - DAY_MS), hour, uid);
}

/** The turn that comes next, after now. */
export function nextSlot(now: Date, hour: number, uid: string): Slot {
  return slotOf(new Date(lastSlot(now, hour, uid).at.getTime() + DAY_MS), hour, uid);
}

function slotOf(day: Date, hour: number, uid: string): Slot {
  const [year, month, date] = [day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()];
  const at = new Date(Date.UTC(year, month, date, hour, 0, spread(uid)));
  return { id: dayId(at), at };
}

/** `20300131` of any moment of that day, UTC. */
export function dayId(at: Date): string {
  return at.toISOString().slice(0, 10).replaceAll('-', '');
}

/** The second within the hour, so that a thousand addons do not begin together. */
function spread(uid: string): number {
  return createHash('sha256').update(`backup ${uid}`).digest().readUInt32BE(0) % HOUR_S;
}

/**
 * The turn for which a scheduled backup has to be made now; undefined when there is none. Of those that were missed only
 * the last is made up for, and one that came before the addon is nobody's. `taken` are the days that have one, and
 * `lastTakenAt` when the newest was begun: a backup that began after the turn stands for it, whatever its day is called.
 */
export function dueSlot(
  schedule: { readonly hour: number; readonly uid: string; readonly since: Date },
  scheduled: { readonly days: ReadonlySet<string>; readonly lastTakenAt: Date | undefined },
  now: Date,
): Slot | undefined {
  const slot = lastSlot(now, schedule.hour, schedule.uid);
  if (schedule.since > slot.at || scheduled.days.has(slot.id)) return undefined;
  const { lastTakenAt } = scheduled;
  return lastTakenAt !== undefined && lastTakenAt >= slot.at ? undefined : slot;
}

/** Name of the InfluxBackup of a turn: the same from whoever makes it, so that there is one. */
export function scheduledName(addonName: string, addonUid: string, slot: Pick<Slot, 'id'>): string {
  return `${addonName}-${slot.id}-${mark(addonUid)}`;
}

/** Tells the backups of an addon from those of one that had its name before. */
export function mark(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}
