/** A database that was not killed for so long is one that has enough memory again. */
export const QUIET_MS = 6 * 3_600_000;

export interface KillsSeen {
  /** The last one that the pod still shows, milliseconds since the epoch; a pod that was replaced shows none. */
  readonly killedMs: number | undefined;
  /** Since when the user has been told; undefined when that is not so. */
  readonly toldSinceMs: number | undefined;
  /** The plan has more memory than the one that it was told of. */
  readonly morePlan: boolean;
  readonly nowMs: number;
}

/** Whether the database lacks memory: it was killed for it within the last hours. */
export function isMemoryExhausted({ killedMs, toldSinceMs, morePlan, nowMs }: KillsSeen): boolean {
  const isRecent = (ms: number | undefined) => ms !== undefined && nowMs - ms < QUIET_MS;
  if (killedMs !== undefined) return isRecent(killedMs);
  return !morePlan && isRecent(toldSinceMs);
}
