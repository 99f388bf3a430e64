/** `3d4h`, `12m`, `40s`: two units at most, as kubectl shows an age. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 9) return `${days}d`;
  if (days > 0) return hours > 0 ? `${days}d${hours}h` : `${days}d`;
  if (hours > 0) return minutes > 0 && hours < 10 ? `${hours}h${minutes}m` : `${hours}h`;
  if (minutes > 0) return seconds % 60 > 0 && minutes < 10 ? `${minutes}m${seconds % 60}s` : `${minutes}m`;
  return `${seconds}s`;
}

/** `3h ago` or `in 2d`; undefined without an instant. */
export function relative(instant: string | undefined, now: Date): string | undefined {
  const ms = instant === undefined ? Number.NaN : Date.parse(instant);
  if (Number.isNaN(ms)) return undefined;
  const difference = ms - now.getTime();
  return difference > 0 ? `in ${duration(difference)}` : `${duration(-difference)} ago`;
}

/** `2026-01-31 21:00 UTC (in 2d)`; undefined without an instant. */
export function at(instant: string | undefined, now: Date): string | undefined {
  const words = relative(instant, now);
  if (instant === undefined || words === undefined) return undefined;
  return `${new Date(instant).toISOString().slice(0, 16).replace('T', ' ')} UTC (${words})`;
}

/** The age of an object, for a column. */
export function age(created: string | undefined, now: Date): string | undefined {
  return created === undefined ? undefined : duration(now.getTime() - Date.parse(created));
}
