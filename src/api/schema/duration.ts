import { z } from 'zod';
import { doc } from './doc.ts';
import { text } from './text.ts';

const UNITS = /^([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,7}h)?([0-9]{1,8}m)?([0-9]{1,9}s)?$/;
const AN_HOUR = /[1-9][0-9]*[wdh]/;
/** The engine takes it for no end. */
const ZERO = /^(0+[wdhms])+$/;
const SECONDS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };

/** A duration of a retention policy as InfluxQL writes it, largest unit first. The engine refuses less than one hour. */
export function retentionDuration(description: string) {
  const message = 'must be at least one hour in weeks, days, hours, such as 7d or 1d12h, or INF for no end';
  return doc(
    z
      .string()
      .max(48)
      .refine(
        (value) => value === 'INF' || (UNITS.test(value) && (ZERO.test(value) || isAnHour(value))),
        message,
      ),
    description,
    {
      rule: `self == 'INF' || (self.matches(r'${UNITS.source}') && (self.matches(r'${ZERO.source}') || ${anHourInCel('self')}))`,
      message,
    },
  );
}

/** Also in minutes and seconds alone: `90m`, `3600s`. */
function isAnHour(value: string): boolean {
  const of = (unit: 'm' | 's') => Number(new RegExp(`([0-9]+)${unit}`).exec(value)?.[1] ?? 0) * SECONDS[unit];
  return AN_HOUR.test(value) || of('m') + of('s') >= SECONDS.h;
}

function anHourInCel(field: string): string {
  return `${field}.matches(r'${AN_HOUR.source}') || ${secondsInCel(field, ['m', 's'])} >= ${SECONDS.h}`;
}

/** CEL for a duration that never ends, in either notation. */
export function endlessInCel(field: string): string {
  return `${field} == 'INF' || ${field}.matches(r'${ZERO.source}')`;
}

/** The engine counts nanoseconds in 64 bits: a little more than 15250 weeks. */
export const MAX_DURATION_SECONDS = 15_000 * 604_800;

/** CEL for the seconds of a duration in the notation above, of these units of it. */
export function secondsInCel(
  field: string,
  units: readonly (keyof typeof SECONDS)[] = ['w', 'd', 'h', 'm', 's'],
): string {
  return units
    .map(
      (unit) =>
        `(${field}.matches('[0-9]${unit}') ? int(${field}.find('[0-9]+${unit}').replace('${unit}', '')) * ${SECONDS[unit]} : 0)`,
    )
    .join(' + ');
}

/** A duration of a shard group: like a retention policy's, but it ends. */
export function shardDuration(description: string) {
  const message = 'must be at least one hour in weeks, days, hours, such as 1d or 12h';
  return doc(
    z
      .string()
      .max(48)
      .refine((value) => UNITS.test(value) && isAnHour(value), message),
    description,
    { rule: `self.matches(r'${UNITS.source}') && (${anHourInCel('self')})`, message },
  );
}

/** A time-out as influxd's configuration takes it (Go's notation). */
export function timeout(description: string) {
  return text({
    pattern: /^[1-9][0-9]{0,6}(ms|s|m|h)$/,
    max: 16,
    message: 'must be a number and a unit (ms, s, m, h), such as 60s',
    description,
  });
}
