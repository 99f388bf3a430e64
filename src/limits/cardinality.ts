import { isHigh, type Band } from './hysteresis.ts';

/**
 * How many series a database has beside what its plan is made for.
 *
 * Measured on InfluxDB 1.8.10 with the tsi1 index: 2.0 to 2.3 kB of the engine's own memory a series at 100,000 and
 * 200,000 series that had been written once, half of that after a restart. A plan's limit is set so that its series take a quarter of its memory (src/api/catalogue.ts):
 * a database that is said to have too many has used a fifth of it for them, and may still grow to five times as many.
 */
export type SeriesLevel = 'Within' | 'Near' | 'Over';

const NEAR: Band = { on: 0.8, off: 0.7 };
const OVER: Band = { on: 1, off: 0.95 };

export function seriesLevel(before: SeriesLevel, series: number, limit: number): SeriesLevel {
  const share = series / limit;
  if (isHigh(before === 'Over', share, OVER)) return 'Over';
  return isHigh(before !== 'Within', share, NEAR) ? 'Near' : 'Within';
}

/** So many series leave room on a plan: a database that is moved to it is not told the same again. */
export function hasRoomForSeries(limit: number, series: number): boolean {
  return series / limit < NEAR.off;
}

/**
 * Finding out what grows costs the engine about 5 microseconds of CPU and, for a moment, 1 kB of memory for each series of a question: with twice as many
 * as the plan is made for it is left alone.
 */
export function maySearch(series: number, limit: number): boolean {
  return series <= 2 * limit;
}
