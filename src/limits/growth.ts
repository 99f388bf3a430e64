/** What decides how a volume may grow. */
export interface GrowthInput {
  /** As asked for now, and as it is. They differ while it grows. */
  readonly requestedBytes: number;
  readonly actualBytes: number;
  /** The plan's ceiling. */
  readonly maxBytes: number;
  /** Bytes a second; undefined when unknown. */
  readonly rate: number | undefined;
  /** When it grew last, milliseconds since the epoch; undefined when it never did. */
  readonly grownMs: number | undefined;
  /** Nothing can be written any more. */
  readonly isFull: boolean;
  readonly nowMs: number;
}

export type Growth =
  | { readonly grow: true; readonly toBytes: number }
  | { readonly grow: false; readonly why: 'Ceiling' }
  /** It was asked to grow and has not yet. */
  | { readonly grow: false; readonly why: 'Growing'; readonly sinceMs: number }
  | { readonly grow: false; readonly why: 'TooSoon'; readonly untilMs: number };

const GiB = 2 ** 30;
/** Providers of cloud disks take one change of a volume in six hours. */
const PAUSE_MS = 6 * 3_600_000;
/** A full volume is worth a try that the provider may put off. */
const PAUSE_FULL_MS = 10 * 60_000;
/** Growth lasts twice as long as the pause, at the rate that is known. */
const LASTS_S = 12 * 3_600;
const SHARE = 0.2;

/** The next size of a volume that is filling: a fifth more, whole GiB, never beyond the ceiling. Volumes never shrink. */
export function nextSize(input: GrowthInput): Growth {
  const { requestedBytes, actualBytes, maxBytes, grownMs, isFull, nowMs } = input;
  if (requestedBytes > actualBytes) return { grow: false, why: 'Growing', sinceMs: grownMs ?? 0 };
  if (requestedBytes >= maxBytes) return { grow: false, why: 'Ceiling' };
  const untilMs =
    grownMs === undefined || grownMs > nowMs ? 0 : grownMs + (isFull ? PAUSE_FULL_MS : PAUSE_MS);
  if (nowMs < untilMs) return { grow: false, why: 'TooSoon', untilMs };
  const step = Math.max(requestedBytes * SHARE, GiB, (input.rate ?? 0) * LASTS_S);
  const wanted = Math.ceil((requestedBytes + step) / GiB) * GiB;
  return { grow: true, toBytes: Math.min(wanted, maxBytes) };
}
