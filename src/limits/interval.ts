/** What the next measurement depends on. */
export interface IntervalInput {
  /** Between two measurements of a database that is far from its limits, milliseconds. */
  readonly calmMs: number;
  /** How long this one took, milliseconds; undefined when it failed. */
  readonly tookMs: number | undefined;
  /** Between the last one and this one; undefined for the first. */
  readonly beforeMs: number | undefined;
  /** Until the nearest limit is reached at the present rate, milliseconds; undefined when that is not to be seen. */
  readonly untilLimitMs: number | undefined;
  /** The largest share of a limit that is used. */
  readonly share: number;
}

const SHORTEST_MS = 30_000;
/** A database takes at most so much of its time for answering. */
const SHARE_OF_TIME = 1 / 1000;
/** So many calm intervals at most, whatever the reason: an hour when it is ten minutes. */
const LONGEST = 6;

/**
 * Until the next measurement. A calm database is asked ever more rarely, up to the calm interval; one near a limit four times as often
 * and one that would reach it soon so often that there are four measurements before. Failures back off, and so does an
 * engine with so many shards that answering takes it long.
 */
export function nextInterval({ calmMs, tookMs, beforeMs, untilLimitMs, share }: IntervalInput): number {
  if (tookMs === undefined) return Math.min(LONGEST * calmMs, Math.max(calmMs, (beforeMs ?? 0) * 2));
  const learning = Math.min(calmMs, (beforeMs ?? calmMs / 8) * 2);
  const usual = share >= 0.75 ? Math.min(learning, calmMs / 4) : learning;
  const soon = untilLimitMs === undefined ? usual : Math.min(usual, untilLimitMs / 4);
  const floor = Math.min(LONGEST * calmMs, Math.max(Math.min(SHORTEST_MS, calmMs), tookMs / SHARE_OF_TIME));
  return Math.max(floor, soon);
}
