/** Time as the runtime sees it, passed in everywhere so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. May jump; only for what people and the API read. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For every deadline and duration. */
  monotonic(): number;
  /** Runs once after `ms` milliseconds, unless cancelled before. */
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

// setTimeout takes a signed 32-bit number of milliseconds and fires at once for anything longer.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers keep the process alive; cancel them on abort. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const due = performance.now() + ms;
    let timeout: NodeJS.Timeout;
    const arm = (): void => {
      const left = due - performance.now();
      timeout =
        left > LONGEST_TIMEOUT_MS ? setTimeout(arm, LONGEST_TIMEOUT_MS) : setTimeout(run, Math.max(0, left));
    };
    arm();
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
