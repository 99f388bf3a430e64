import { ApiError } from '../api/api-error.ts';
import type { Clock } from '../clock.ts';
import { sleep, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { silentLogger } from '../log.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ControllerOptions {
  name: string;
  queue: WorkQueue;
  /** How many keys are worked on at once. */
  workers: number;
  /**
   * Brings one key's world a step nearer. Without `requeueAfterMs` it is looked at again when something
   * changes; what it throws is tried again with a growing wait. Must heed the signal.
   */
  reconcile: (key: string, signal: AbortSignal, run: Run) => Promise<ReconcileResult | void>;
  /** A run that takes longer has its signal aborted, in milliseconds. Default 60 s. */
  timeoutMs?: number;
  /** How long running ones may take after a stop, before their signal is aborted. Default 10 s. */
  drainMs?: number;
  log?: Logger;
  clock?: Clock;
  /** Told every failure, with the number of those before it in a row. */
  onError?: (key: string, error: unknown, retries: number) => void;
  /** Told after every run: for metrics. */
  onRun?: (run: { name: string; outcome: Outcome; ms: number }) => void;
}

/** What one run may do about its worker and its key. */
export interface Run {
  /** Lets the worker go, while it waits for somebody who may never answer: the key stays its own until it has ended. */
  readonly letGo: () => void;
  /** It is about to look: what the key was added for until now needs no run of its own. */
  readonly seen: () => void;
}

export interface ReconcileResult {
  /** Look again after so many milliseconds, whether or not something changes. */
  requeueAfterMs?: number;
  /** Go on as soon as there is a worker again. */
  soon?: boolean;
}

export type Outcome = 'done' | 'requeued' | 'failed' | 'timeout';

/** Works on a queue's keys: one run a key at a time, retries, timeouts, and a stop that lets runs end. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Runs under way, those whose worker was let go with them. */
  readonly #running = new Set<Promise<void>>();

  constructor(options: ControllerOptions) {
    if (!(options.workers >= 1)) throw new RangeError(`workers must be at least 1, got ${options.workers}`);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = (options.log ?? silentLogger).child({ controller: options.name });
  }

  /**
   * Works until `signal` is aborted, then takes no more keys and lets running ones end within `drainMs`.
   * `abandon` ends them at once: the right to write is lost.
   */
  async run(signal: AbortSignal, abandon?: AbortSignal): Promise<void> {
    const hard = new AbortController();
    const stop = abandon ? AbortSignal.any([signal, abandon]) : signal;
    const onAbandon = (): void => hard.abort(abandon?.reason);
    if (abandon?.aborted) onAbandon();
    else abandon?.addEventListener('abort', onAbandon, { once: true });

    const workers = Promise.all(
      Array.from({ length: this.#options.workers }, () => this.#work(stop, hard.signal)),
    );
    await aborted(stop);
    const drained = new AbortController();
    const deadline = sleep(this.#clock, this.#options.drainMs ?? 10_000, drained.signal).then(
      () => hard.abort(new DOMException('stopped', 'AbortError')),
      () => {},
    );
    await workers;
    await Promise.all(this.#running);
    drained.abort();
    await deadline;
    abandon?.removeEventListener('abort', onAbandon);
  }

  async #work(stop: AbortSignal, hard: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#options.queue.get(stop);
      if (key === undefined) return;
      await this.#runOne(key, hard);
    }
  }

  /** Resolves when the run has ended, or when it heeds neither its signal nor a grace time after it. */
  async #runOne(key: string, hard: AbortSignal): Promise<void> {
    const { timeoutMs = 60_000 } = this.#options;
    const run = new AbortController();
    const onHard = (): void => run.abort(hard.reason);
    if (hard.aborted) onHard();
    else hard.addEventListener('abort', onHard, { once: true });
    const timer = this.#clock.after(timeoutMs, () =>
      run.abort(new DOMException(`took longer than ${timeoutMs} ms`, 'TimeoutError')),
    );
    const released = Promise.withResolvers<void>();
    const ended = this.#reconcile(key, run.signal, {
      letGo: released.resolve,
      seen: () => this.#options.queue.seen(key),
    }).finally(() => {
      timer.cancel();
      hard.removeEventListener('abort', onHard);
    });
    const given = Promise.race([ended, this.#grace(key, run.signal, ended)]);
    this.#running.add(given);
    void given.finally(() => this.#running.delete(given));
    await Promise.race([given, released.promise]);
  }

  async #reconcile(key: string, signal: AbortSignal, run: Run): Promise<void> {
    const { name, queue, reconcile, onRun, onError } = this.#options;
    const start = this.#clock.monotonic();
    let outcome: Outcome = 'done';
    try {
      const result = await reconcile(key, signal, run);
      queue.forget(key);
      if (result?.requeueAfterMs !== undefined) {
        outcome = 'requeued';
        queue.addAfter(key, result.requeueAfterMs);
      } else if (result?.soon === true) {
        outcome = 'requeued';
        queue.add(key, { soon: true });
      }
    } catch (error) {
      outcome = isTimeout(signal) ? 'timeout' : 'failed';
      const retries = queue.retries(key);
      queue.addRateLimited(key, error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0);
      guarded(this.#log, () => onError?.(key, error, retries));
      const level = retries === 0 ? 'warn' : 'debug';
      this.#log[level]({ key, retries, outcome, err: error }, 'reconcile failed; it will be tried again');
    } finally {
      // Only now may another run of this key begin, however long ago its worker gave up on it.
      queue.done(key);
      guarded(this.#log, () => onRun?.({ name, outcome, ms: this.#clock.monotonic() - start }));
    }
  }

  /** So that a run that ignores its signal costs its key, but not a worker. */
  async #grace(key: string, signal: AbortSignal, ended: Promise<void>): Promise<void> {
    await aborted(signal, ended);
    if (!signal.aborted) return;
    const over = new AbortController();
    const end = ended.then(() => over.abort());
    await sleep(this.#clock, GRACE_MS, over.signal).then(
      () => this.#log.error({ key }, 'reconcile ignores its signal; its worker goes on without it'),
      () => end,
    );
  }
}

const GRACE_MS = 5_000;

function isTimeout(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
}

/** Resolves when the signal is aborted, or `ended` has. */
async function aborted(signal: AbortSignal, ended?: Promise<void>): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  await (ended ? Promise.race([promise, ended]) : promise);
  signal.removeEventListener('abort', onAbort);
}

/** What an observer throws is logged and goes no further. */
function guarded(log: Logger, observe: () => void): void {
  try {
    observe();
  } catch (error) {
    log.error({ err: error }, 'an observer failed');
  }
}
