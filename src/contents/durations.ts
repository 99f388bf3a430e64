import { MAX_DURATION_SECONDS } from '../api/schema/duration.ts';
import { seconds } from '../influx/duration.ts';

const HOUR = 3_600;
const DAY = 86_400;

/** Durations of a retention policy by their value, in seconds; a duration of 0 is endless. */
export interface PolicyDurations {
  readonly durationSeconds: number;
  readonly shardDurationSeconds: number;
}

/** By value, as the engine keeps them: `7d`, `168h` and `1w` are the same. Without a shard duration, its choice. */
export function policyDurations(policy: { duration: string; shardDuration?: string }): PolicyDurations {
  const written = seconds(policy.duration);
  const durationSeconds = Number.isFinite(written) ? written : 0;
  const shardDurationSeconds =
    policy.shardDuration === undefined ? shardsFor(durationSeconds) : seconds(policy.shardDuration);
  return { durationSeconds, shardDurationSeconds };
}

/** The length of a shard group that the engine chooses for a retention. */
export function shardsFor(durationSeconds: number): number {
  if (durationSeconds === 0 || durationSeconds >= 180 * DAY) return 7 * DAY;
  return durationSeconds >= 2 * DAY ? DAY : HOUR;
}

/** Why the engine would not take such a policy; undefined when it would. */
export function durationMistake(policy: {
  duration: string;
  shardDuration?: string | undefined;
}): string | undefined {
  const { durationSeconds, shardDurationSeconds } = policyDurations({
    duration: policy.duration,
    ...(policy.shardDuration === undefined ? {} : { shardDuration: policy.shardDuration }),
  });
  if (durationSeconds > MAX_DURATION_SECONDS || shardDurationSeconds > MAX_DURATION_SECONDS)
    return 'a duration is at most 15000 weeks, or INF';
  if (durationSeconds !== 0 && durationSeconds < HOUR) return 'duration must be at least one hour, or INF';
  if (shardDurationSeconds < HOUR) return 'shardDuration must be at least one hour';
  if (durationSeconds !== 0 && shardDurationSeconds > durationSeconds)
    return 'shardDuration must not be longer than duration';
  return undefined;
}

/** As InfluxQL takes it; exact, since all that the schema allows are whole seconds. */
export function inInfluxQl(durationSeconds: number): string {
  return durationSeconds === 0 ? 'INF' : `${durationSeconds}s`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', DAY],
  ['h', HOUR],
  ['m', 60],
  ['s', 1],
];

/** For people: `7d`, `36h`, `INF`: in the largest unit of which it is a whole number. */
export function inWords(durationSeconds: number): string {
  if (durationSeconds === 0) return 'INF';
  const [unit, length] = UNITS.find(([, each]) => durationSeconds % each === 0) ?? ['s', 1];
  return `${durationSeconds / length}${unit}`;
}

/** Whether the second keeps less than the first. */
export function isShorter(before: number, after: number): boolean {
  return after !== 0 && (before === 0 || after < before);
}
