import { identifier } from '../../influx/v1/influxql.ts';
import type { QueryStream } from './query-stream.ts';

/** Values of all fields of one measurement, by the beginning of the window in nanoseconds. Empty windows are left out. */
export type Windows = ReadonlyMap<bigint, number>;

const NANOSECONDS = 1_000_000_000n;
const DAY_SECONDS = 86_400;
/** What the engine takes as a time. */
const FIRST = -9_223_372_036_854_775_806n;
const LAST = 9_223_372_036_854_775_806n;

/** Windows are as long as shards, so that one after the other is read and written; shards may be of minutes. */
export function windowSeconds(shardDurationSeconds: number): number {
  return Math.max(shardDurationSeconds, DAY_SECONDS);
}

export function measurementPath(database: string, policy: string, measurement: string): string {
  return [database, policy, measurement].map((name) => identifier(name)).join('.');
}

/** Finds the windows that hold anything, by counting: one query, which scans the measurement. @throws JobError */
export async function countWindows(server: QueryStream, path: string, seconds: number): Promise<Windows> {
  const counts = new Map<bigint, number>();
  // Without an upper bound the engine counts up to now.
  const statement = `SELECT count(*) FROM ${path} WHERE time <= ${LAST} GROUP BY time(${seconds}s) fill(none)`;
  for await (const { values } of server.ask(statement))
    for (const [start, ...each] of values) {
      const sum = each.reduce<number>((all, count) => all + Number(count ?? 0), 0);
      if (sum > 0) counts.set(BigInt(String(start)), sum);
    }
  return counts;
}

/** The condition for the points of a window. The first may begin before time does. */
export function within(start: bigint, seconds: number): string {
  const end = start + BigInt(seconds) * NANOSECONDS - 1n;
  return `time >= ${start < FIRST ? FIRST : start} AND time <= ${end > LAST ? LAST : end}`;
}

/**
 * What is wrong with a copy, given the counts of the source before and after it was read; undefined when nothing is.
 * Meanwhile points may have been written there, or have expired.
 */
export function windowDifference(before: Windows, after: Windows, copied: Windows): string | undefined {
  for (const start of new Set([...before.keys(), ...after.keys(), ...copied.keys()])) {
    const [first, last, found] = [before, after, copied].map((counts) => counts.get(start) ?? 0) as [
      number,
      number,
      number,
    ];
    const [least, most] = first < last ? [first, last] : [last, first];
    if (found < least || found > most)
      return `from ${new Date(Number(start / 1_000_000n)).toISOString()} on it has ${found} values, and the source ${least === most ? least : `${least} to ${most}`}`;
  }
  return undefined;
}

export function totalOf(windows: Windows): number {
  let total = 0;
  for (const count of windows.values()) total += count;
  return total;
}
