/** A Job that came to nothing, for a reason that may pass, is followed by another after so many minutes. */
const WAIT_MINUTES = [1, 5, 15, 60] as const;

/** How many Jobs are made at most for one backup or one restore. */
export const MAX_ATTEMPTS = WAIT_MINUTES.length + 1;

/** When the attempt after `attempts` of them is due. */
export function retryAt(attempts: number, now: Date): Date {
  const minutes = WAIT_MINUTES[Math.min(attempts, WAIT_MINUTES.length) - 1] ?? WAIT_MINUTES[0];
  return new Date(now.getTime() + minutes * 60_000);
}
