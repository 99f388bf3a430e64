/** What the brake looks at of an addon. All of it is in the addon's status, so a new leader counts the same. */
export interface FleetMember {
  readonly uid: string;
  /** When maintenance began that has not been seen to end well: the database was not Ready since. */
  readonly startedAt: Date | undefined;
  /**
   * Set when it would begin now if the brake let it: something is pending and its window is usable, or it was asked
   * for. To be left out for those that could not begin (paused, stopped, stalled), or they hold up who comes after.
   */
  readonly waiting: { readonly asked: boolean; readonly since: Date } | undefined;
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

/** How many are in maintenance, and how many did not come out of it. A broken one takes no place of the running. */
export function countFleet(members: Iterable<FleetMember>, limits: FleetLimits, now: Date): FleetCount {
  let running = 0;
  let failures = 0;
  for (const { startedAt } of members) {
    if (startedAt === undefined) continue;
    if (now.getTime() - startedAt.getTime() < limits.patienceMinutes * 60_000) running += 1;
    else failures += 1;
  }
  return { running, failures };
}

/**
 * How many wait before this one: those whom somebody asked for first, then who has waited longest. Since the order is
 * the same from wherever it is looked at, workers that decide about several addons at a time, each before it has seen
 * the others begin, let no more of them through than there are places.
 *
 * Takes time in proportion to the number of members.
 */
export function aheadOf(members: Iterable<FleetMember>, self: FleetMember): number {
  let ahead = 0;
  for (const other of members) {
    if (other.uid !== self.uid && other.waiting !== undefined && comesBefore(other, self)) ahead += 1;
  }
  return ahead;
}

function comesBefore(a: FleetMember, b: FleetMember): boolean {
  if (b.waiting === undefined || a.waiting === undefined) return a.waiting !== undefined;
  if (a.waiting.asked !== b.waiting.asked) return a.waiting.asked;
  const difference = a.waiting.since.getTime() - b.waiting.since.getTime();
  return difference === 0 ? a.uid < b.uid : difference < 0;
}
