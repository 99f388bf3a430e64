import type { Shard } from '../influx/state.ts';
import { allowanceOf } from './allowed-loss.ts';
import { inWords } from './durations.ts';
import type { Consent } from './record.ts';

/** A change of a retention policy that deletes points which are there. */
export interface DataLoss extends Consent {
  readonly shards: number;
  /** Undefined when the size of one of them is not known. */
  readonly bytes: number | undefined;
  /** Of the oldest of them; milliseconds since the epoch. */
  readonly sinceMs: number;
}

/**
 * What goes, at most: all shards of a policy that is removed; of one that is shortened, those that reach back past the
 * new end, since nobody can tell without reading them whether the part of a shard that is too old is empty. Undefined
 * when nothing goes.
 */
export function lossOf(
  shards: readonly Shard[],
  policy: string,
  change: Consent['change'],
  nowMs: number,
): DataLoss | undefined {
  const limitMs = change === 'Removal' ? Infinity : nowMs - change * 1000;
  const going = shards.filter(
    (shard) => shard.policy === policy && shard.bytes !== 0 && shard.startMs < limitMs,
  );
  if (going.length === 0) return undefined;
  return {
    policy,
    change,
    shards: going.length,
    bytes: going.reduce<number | undefined>(
      (sum, { bytes }) => (sum === undefined || bytes === undefined ? undefined : sum + bytes),
      0,
    ),
    sinceMs: Math.min(...going.map(({ startMs }) => startMs)),
  };
}

/** It was given for exactly this change. */
export function isFor(consent: Consent, { policy, change }: Consent): boolean {
  return consent.policy === policy && consent.change === change;
}

/** What would go, and what the user can do about it. */
export function lossMessage(loss: DataLoss, before: number, annotation: string, isUsedUp: boolean): string {
  const { policy, change } = loss;
  const what =
    change === 'Removal'
      ? `removing ${policy}`
      : `shortening ${policy} from ${inWords(before)} to ${inWords(change)}`;
  const much = `${loss.bytes === undefined ? 'an unknown amount' : `up to ${mebibytes(loss.bytes)}`} in ${loss.shards} ${loss.shards === 1 ? 'shard' : 'shards'}, the oldest of ${new Date(loss.sinceMs).toISOString().slice(0, 10)}`;
  const how = isUsedUp
    ? `The annotation ${annotation}: ${allowanceOf(loss)} was given for an earlier change: remove it and set it again`
    : `Set the annotation ${annotation}: ${allowanceOf(loss)}`;
  const keep = change === 'Removal' ? 'list it again' : 'take the change back';
  return `spec.retentionPolicies: ${what} deletes data: ${much}. ${how} to go on, or ${keep}.`;
}

/** Rounded up to two figures, so that the message does not change with every point. */
function mebibytes(bytes: number): string {
  const size = bytes / 2 ** 20;
  const step = 10 ** Math.max(-1, Math.floor(Math.log10(Math.max(size, 0.1))) - 1);
  const rounded = Math.ceil(size / step) * step;
  return `${rounded < 10 ? rounded.toFixed(1) : String(Math.round(rounded))} MiB`;
}
