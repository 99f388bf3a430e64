import assert from 'node:assert/strict';

const SECONDS: Record<string, number> = {
  ns: 1e-9,
  u: 1e-6,
  µ: 1e-6,
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
};

/**
 * Seconds of a duration as InfluxDB takes it (`7d`, `1h30m`, `INF`) or shows it (`168h0m0s`).
 * Endless is Infinity when written `INF`; the engine itself shows it as `0s`, which is 0 here.
 */
export function seconds(duration: string): number {
  if (duration === 'INF') return Number.POSITIVE_INFINITY;
  assert(/^(?:\d+(?:ns|ms|us|[uµsmhdw]))+$/.test(duration), 'a duration is digits and units, or INF');
  let total = 0;
  for (const [, digits, unit] of duration.matchAll(/(\d+)(ns|ms|us|[uµsmhdw])/g))
    total += Number(digits) * (SECONDS[unit ?? ''] ?? 0);
  return total;
}
