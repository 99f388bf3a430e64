import type { EngineActivity } from '../../influx/state.ts';
import type { Sample } from '../wire.ts';

/** What an engine told at a monotonic time in milliseconds. */
export interface Reading {
  readonly atMs: number;
  readonly activity: EngineActivity;
}

type Told = Pick<Sample, 'heap' | 'data' | 'series' | 'pointsPerSecond' | 'queriesPerSecond'>;

/**
 * Of two readings one after the other. Counters begin anew with the engine, and a shard that went takes its count along:
 * of a counter that fell there is no rate.
 */
export function toldBy(before: Reading | undefined, { atMs, activity }: Reading): Told {
  const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1000;
  const rate = (of: (activity: EngineActivity) => number): number | undefined => {
    if (before === undefined || seconds <= 0) return undefined;
    const more = of(activity) - of(before.activity);
    return more < 0 ? undefined : more / seconds;
  };
  return {
    heap: activity.heapBytes,
    data: activity.dataBytes,
    series: activity.series,
    pointsPerSecond: rate(({ pointsWritten }) => pointsWritten),
    queriesPerSecond: rate(({ queries }) => queries),
  };
}
