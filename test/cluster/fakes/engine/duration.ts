/** Durations of InfluxQL, in nanoseconds. */
const units: Record<string, bigint> = {
  ns: 1n,
  u: 1_000n,
  µ: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};

export const hour = 3_600_000_000_000n;
export const day = 24n * hour;

/** `1h30m` and the like; undefined when it is not a duration. */
export function parseDuration(text: string): bigint | undefined {
  if (!/^([0-9]+(ns|ms|[uµsmhdw]))+$/.test(text)) {
    return undefined;
  }
  let total = 0n;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ns|ms|[uµsmhdw])/g)) {
    total += BigInt(count ?? 0) * (units[unit ?? ''] ?? 0n);
  }
  return total;
}

/** As the server writes a statement back: one number in the largest unit that divides it. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) {
    return '0s';
  }
  const unit =
    ['w', 'd', 'h', 'm', 's', 'ms', 'u'].find((name) => nanoseconds % (units[name] ?? 1n) === 0n) ?? 'ns';
  return `${nanoseconds / (units[unit] ?? 1n)}${unit}`;
}

/** As SHOW RETENTION POLICIES prints it: hours, minutes and seconds (`168h0m0s`). Whole seconds are enough here. */
export function formatClock(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  const [hours, minutes, rest] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  return hours > 0n ? `${hours}h${minutes}m${rest}s` : minutes > 0n ? `${minutes}m${rest}s` : `${rest}s`;
}
