import { setTimeout as delay } from 'node:timers/promises';

/** Many changes at once wake whoever waits once. */
export class Pulse {
  #waiting: (() => void) | undefined;
  #due = false;

  /** There is something to look at. */
  beat(): void {
    this.#due = true;
    this.#waiting?.();
  }

  /**
   * Resolves after a beat, and then `gatherMs` later, so that what comes in a burst is looked at once; or after
   * `mostMs` without one. Resolves at once when the signal is aborted.
   */
  async next(options: { gatherMs: number; mostMs: number; signal: AbortSignal }): Promise<void> {
    const { gatherMs, mostMs, signal } = options;
    if (!this.#due && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, mostMs);
      const aborted = (): void => resolve();
      this.#waiting = resolve;
      signal.addEventListener('abort', aborted, { once: true });
      await promise;
      clearTimeout(timer);
      // A page that is open for hours would leave one behind for each change.
      signal.removeEventListener('abort', aborted);
      this.#waiting = undefined;
    }
    if (gatherMs > 0 && !signal.aborted) await delay(gatherMs, undefined, { signal }).catch(() => {});
    this.#due = false;
  }
}
