/** Growing waits between failures. */
export interface BackoffOptions {
  /** The first wait, in milliseconds. */
  baseMs: number;
  /** The longest wait, in milliseconds. */
  maxMs: number;
  /** How much longer than its nominal length a wait may be drawn: 1 doubles it at most. Default 0. */
  jitter?: number;
}

/** The wait after the n-th failure in a row (n from 0), in milliseconds, never above `maxMs`. */
export function backoffMs(options: BackoffOptions, failures: number, random: () => number): number {
  // 2 ** 1024 is Infinity, which the minimum takes care of.
  const nominal = Math.min(options.maxMs, options.baseMs * 2 ** failures);
  return Math.min(options.maxMs, nominal * (1 + (options.jitter ?? 0) * random()));
}
