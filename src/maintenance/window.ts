import { type Weekday, WEEKDAYS } from '../api/addon-defaults.ts';

/** A weekly window, in UTC: it may cross midnight and the end of the week. */
export interface Window {
  readonly weekday: Weekday;
  /** 0 to 23. */
  readonly startHour: number;
  /** 1 to 168: a whole week is always open. */
  readonly durationHours: number;
}

/** One week's window. The start belongs to it, the end does not. */
export interface Opening {
  readonly start: Date;
  readonly end: Date;
  /** Whether it is open at the moment that was asked for. */
  readonly open: boolean;
}

/** The opening that `now` is in, or else the next one. */
export function nextWindow(window: Window, now: Date): Opening {
  const last = latestStart(window, now);
  return now.getTime() < last + window.durationHours * HOUR_MS
    ? opening(window, last, true)
    : opening(window, last + WEEK_MS, false);
}

/** The opening that `now` is in; undefined outside. */
export function windowAt(window: Window, now: Date): Opening | undefined {
  const next = nextWindow(window, now);
  return next.open ? next : undefined;
}

/**
 * The opening in which work of so many minutes may begin: the present one if it ends no earlier than that, else the
 * next. Work that is longer than half of the window is not held to more than that half, or it might never begin.
 */
export function usableWindow(window: Window, now: Date, needsMinutes: number): Opening {
  const next = nextWindow(window, now);
  if (window.durationHours >= WEEK_HOURS) return next; // another one begins where it ends
  if (!next.open || next.end.getTime() - now.getTime() >= neededMs(window, needsMinutes)) return next;
  return opening(window, next.start.getTime() + WEEK_MS, false);
}

/** The first moment after `now` at which `usableWindow` begins or ceases to be open; undefined if it never does. */
export function usableChangesAt(window: Window, now: Date, needsMinutes: number): Date | undefined {
  const usable = usableWindow(window, now, needsMinutes);
  if (!usable.open) return usable.start;
  if (window.durationHours >= WEEK_HOURS) return undefined;
  return new Date(usable.end.getTime() - neededMs(window, needsMinutes) + 1);
}

/** For people: `Tuesday 21:00-05:00 UTC`. */
export function windowInWords({ weekday, startHour, durationHours }: Window): string {
  if (durationHours >= WEEK_HOURS) return 'always';
  const end = startHour + durationHours;
  const lastDay = WEEKDAYS[(WEEKDAYS.indexOf(weekday) + Math.floor(end / 24)) % 7] ?? weekday;
  // The night from one day to the next needs no second name, as long as it is shorter than a day.
  const until = durationHours <= 24 ? hour(end % 24) : `${lastDay} ${hour(end % 24)}`;
  return `${weekday} ${hour(startHour)}-${until} UTC`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_HOURS = 7 * 24;
const WEEK_MS = WEEK_HOURS * HOUR_MS;
/** 1970-01-05, the first Monday of the count of milliseconds, which knows neither summer time nor leap seconds. */
const FIRST_MONDAY_MS = 4 * 24 * HOUR_MS;

function neededMs({ durationHours }: Window, needsMinutes: number): number {
  return Math.min(needsMinutes * MINUTE_MS, (durationHours * HOUR_MS) / 2);
}

/** The newest start that is not after `now`. Weeks are all alike, so any start tells all of them. */
function latestStart({ weekday, startHour }: Window, now: Date): number {
  const anyStart = FIRST_MONDAY_MS + (WEEKDAYS.indexOf(weekday) * 24 + startHour) * HOUR_MS;
  return anyStart + Math.floor((now.getTime() - anyStart) / WEEK_MS) * WEEK_MS;
}

function opening(window: Window, start: number, open: boolean): Opening {
  return { start: new Date(start), end: new Date(start + window.durationHours * HOUR_MS), open };
}

function hour(of: number): string {
  return `${String(of).padStart(2, '0')}:00`;
}
