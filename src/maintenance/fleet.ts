import { usableWindow, type Window } from './window.ts';

/** What the brake looks at of an addon. All of it is in the addon's status, so a new leader counts the same. */
export interface FleetMember {
  readonly uid: string;
  /** When maintenance began that has not been seen to end well: the database was not Ready since. */
  readonly startedAt: Date | undefined;
  /** What it waits with; undefined when nothing is pending, or when it could not begin whatever the time is. */
  readonly wish: FleetWish | undefined;
}

/** That something is pending, and what lets it begin. */
export interface FleetWish {
  /** Somebody wants it now. */
  readonly asked: boolean;
  readonly since: Date;
  /** When it may begin by itself; undefined for one that could not (paused, stopped, stalled). */
  readonly window: Window | undefined;
  /** When it can wait no longer, whatever its window and its state. */
  readonly deadline: Date | undefined;
}

/** A place among those who would begin now if the brake let them. */
export interface Waiting {
  readonly uid: string;
  readonly asked: boolean;
  readonly since: Date;
}

export interface FleetLimits {
  /** How many databases may be in maintenance at once; at least 1. */
  readonly maxAtOnce: number;
  /** How many may be broken by it until no further one begins; at least 1. */
  readonly maxFailures: number;
  /** After how long a database that is not Ready again counts as broken. */
  readonly patienceMinutes: number;
}

export interface FleetCount {
  readonly running: number;
  readonly failures: number;
}

/** What one addon has to know of all the others: the counts, and how many wait before it. */
export interface FleetPlace extends FleetCount {
  readonly ahead: number;
}

/** Nobody else is in maintenance, and nobody waits. */
export const NOBODY: FleetPlace = { running: 0, failures: 0, ahead: 0 };

/** How long a restart of a database may take at worst: what is left of a window has to be longer. */
export const NEEDS_MINUTES = 15;

/** How many are in maintenance, and how many did not come out of it. A broken one takes no place of the running. */
export function countFleet(
  members: Iterable<Pick<FleetMember, 'startedAt'>>,
  limits: FleetLimits,
  now: Date,
): FleetCount {
  let running = 0;
  let failures = 0;
  for (const { startedAt } of members) {
    if (startedAt === undefined) continue;
    if (now.getTime() - startedAt.getTime() < limits.patienceMinutes * 60_000) running += 1;
    else failures += 1;
  }
  return { running, failures };
}

/** Undefined while its time has not come. A deadline that has passed counts like a person who asks. */
export function waitingAt({ uid, startedAt, wish }: FleetMember, now: Date): Waiting | undefined {
  if (startedAt !== undefined || wish === undefined) return undefined;
  const asked = wish.asked || (wish.deadline !== undefined && wish.deadline <= now);
  const open = wish.window !== undefined && usableWindow(wish.window, now, NEEDS_MINUTES).open;
  return asked || open ? { uid, asked, since: wish.since } : undefined;
}

/**
 * The order of those who wait: those whom somebody asked for first, then who has waited longest. Since it is the same
 * from wherever it is looked at, workers that decide about several addons at a time, each before it has seen the
 * others begin, let no more of them through than there are places.
 */
export function compareWaiting(a: Waiting, b: Waiting): number {
  if (a.asked !== b.asked) return a.asked ? -1 : 1;
  const difference = a.since.getTime() - b.since.getTime();
  if (difference !== 0) return difference;
  return a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0;
}
