import { seconds } from '../influx/duration.ts';
import { inWords } from './durations.ts';
import type { Consent } from './record.ts';

/** By policy: the loss that the annotation allows; undefined for a name alone, or anything else that says no change. */
export type AllowedLoss = ReadonlyMap<string, Consent['change'] | undefined>;

const REMOVED = 'removed';

/** Reads `<policy>=<new duration>` and `<policy>=removed`, several of them with commas between. */
export function allowedLossOf(text: string | undefined): AllowedLoss {
  const entries = (text ?? '').split(',').map((entry) => entry.split('=').map((part) => part.trim()));
  return new Map(
    entries
      .filter(([policy]) => policy !== undefined && policy !== '')
      .map(([policy = '', value, ...more]) => [policy, more.length > 0 ? undefined : changeOf(value)]),
  );
}

/** As it has to be written for a change. */
export function allowanceOf({ policy, change }: Consent): string {
  return `${policy}=${change === 'Removal' ? REMOVED : inWords(change)}`;
}

/** By value: `7d`, `168h` and `1w` are the same. Nothing is lost by keeping points for ever. */
function changeOf(value: string | undefined): Consent['change'] | undefined {
  if (value === REMOVED) return 'Removal';
  return value !== undefined && /^(\d+[wdhms])+$/.test(value) ? seconds(value) : undefined;
}
