import type { Database, EngineState } from './state.ts';

export interface Shard {
  /** In order here; the real engine counts them as they come. */
  id: number;
  database: Database;
  policy: string;
  /** Nanoseconds since the epoch. */
  start: bigint;
  end: bigint;
  expiry: bigint;
  /** How many values its points have. */
  values: number;
}

/** The spans of time that hold points, by database, policy and time. */
export function shardsOf({ databases }: EngineState): Shard[] {
  const found: Omit<Shard, 'id'>[] = [];
  for (const database of databases.values())
    for (const { name, shardDuration, duration } of database.policies)
      for (const [number, values] of [...valuesByShard(database, name, shardDuration)].toSorted(byTime)) {
        const start = number * shardDuration - YEAR_ONE;
        const end = start + shardDuration;
        found.push({ database, policy: name, start, end, expiry: end + duration, values });
      }
  return found.map((shard, index) => ({ id: index + 1, ...shard }));
}

/** Nanoseconds from the year 1, from which the engine counts spans: its first day was a Monday. */
const YEAR_ONE = 62_135_596_800_000_000_000n;

function valuesByShard(database: Database, policy: string, shardDuration: bigint): Map<bigint, number> {
  const shards = new Map<bigint, number>();
  for (const { series } of database.data.get(policy)?.values() ?? [])
    for (const { points } of series.values())
      for (const [time, cells] of points) {
        const shard = (time + YEAR_ONE) / shardDuration;
        shards.set(shard, (shards.get(shard) ?? 0) + cells.size);
      }
  return shards;
}

const byTime = ([a]: [bigint, number], [b]: [bigint, number]): number => (a < b ? -1 : a > b ? 1 : 0);
