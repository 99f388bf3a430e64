/** What was used at a moment. */
export interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** Kept of one database; further apart the longer it is looked at. */
const MOST = 24;
/** Fewer, or a shorter time, say nothing: compaction halves what a burst of writes has left in the log. */
const LEAST = 6;
const SHORTEST_MS = 30 * 60_000;
const LONGEST_MS = 7 * 24 * 3_600_000;

/** The samples with one more, oldest first; every other is left out when there are too many, and those of last week. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const earlier = samples.filter(({ atMs }) => atMs < sample.atMs && sample.atMs - atMs <= LONGEST_MS);
  const thinned = earlier.length < MOST - 1 ? earlier : earlier.filter((_, index) => index % 2 === 0);
  return [...thinned, sample];
}

/**
 * Bytes a second, by the median of the slopes between any two samples (Theil and Sen's): a compaction or an expired
 * shard in between does not change it. Undefined while there is too little to go by.
 */
export function growthRate(samples: readonly Sample[]): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (samples.length < LEAST || last.atMs - first.atMs < SHORTEST_MS) return undefined;
  const slopes = samples.flatMap((to, index) =>
    samples.slice(0, index).map((from) => ((to.bytes - from.bytes) / (to.atMs - from.atMs)) * 1000),
  );
  return median(slopes);
}

/** Seconds until `room` bytes are used up; undefined when that is not to be seen. */
export function secondsUntilFull(rate: number | undefined, room: number): number | undefined {
  if (rate === undefined || rate <= 0) return undefined;
  return Math.max(0, room) / rate;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
