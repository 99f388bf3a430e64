import type { BackoffOptions } from './backoff.ts';
import { backoffMs } from './backoff.ts';
import type { Clock, Timer } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { Turns } from './turns.ts';

export interface WorkQueueOptions {
  clock?: Clock;
  /** For addRateLimited. Default 5 ms doubling to 60 s, up to a tenth longer by chance. */
  backoff?: Partial<BackoffOptions>;
  random?: () => number;
}

/** Of so many keys in a row one at least is of those that nobody waits for. */
const ROUND = 4;

/**
 * Keys that are due, each at most once: of one namespace in the order they became so, and the namespaces by turns; those
 * for which somebody waits (`soon`) before most others. A key that is added while it is being worked on is due again when that is done: no two workers have one
 * key, and nothing added is lost.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: BackoffOptions;
  readonly #random: () => number;
  /** Due and not being worked on. */
  readonly #due = new Turns();
  /** Likewise, of those for which somebody waits. */
  readonly #soon = new Turns();
  /** How many of these in a row were handed out. */
  #inARow = 0;
  /** Handed out by get and not yet done. */
  readonly #working = new Set<string>();
  /** Added while being worked on, and whether that was with `soon`. */
  readonly #again = new Map<string, boolean>();
  readonly #delayed = new Map<string, { at: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  /** Callers of get, while nothing is due. */
  readonly #waiting = new Set<() => void>();
  #shutDown = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#backoff = { baseMs: 5, maxMs: 60_000, jitter: 0.1, ...options.backoff };
    this.#random = options.random ?? Math.random;
    const { baseMs, maxMs } = this.#backoff;
    if (!(baseMs > 0 && maxMs >= baseMs))
      throw new RangeError(`backoff needs 0 < baseMs <= maxMs, got ${baseMs} and ${maxMs}`);
  }

  add(key: string, { soon = false }: { readonly soon?: boolean } = {}): void {
    if (this.#shutDown) return;
    if (this.#working.has(key)) this.#again.set(key, soon || this.#again.get(key) === true);
    else this.#becomesDue(key, soon);
  }

  /**
   * Whoever works on the key is about to look at everything: what it was added for until now needs no run of its own.
   */
  seen(key: string): void {
    this.#again.delete(key);
  }

  /**
   * Adds the key in `ms` milliseconds. Of several such promises for one key the earliest is kept, and none when the key
   * is handed out before: that run says itself when the next is due.
   */
  addAfter(key: string, ms: number): void {
    if (this.#shutDown) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.monotonic() + ms;
    const earlier = this.#delayed.get(key);
    if (earlier && earlier.at <= at) return;
    earlier?.timer.cancel();
    const timer = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Adds the key after a wait that grows with every call until `forget`. At least `atLeastMs`. */
  addRateLimited(key: string, atLeastMs = 0): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.max(atLeastMs, backoffMs(this.#backoff, failures, this.#random)));
  }

  /** The key's work succeeded: its next wait is the shortest again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often addRateLimited was called for the key since it was forgotten. */
  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /**
   * The next due key, once there is one: to be worked on, and then given to `done`. undefined when the signal is
   * aborted, or when the queue was shut down and nothing is due any more.
   */
  async get(signal?: AbortSignal): Promise<string | undefined> {
    while (!signal?.aborted) {
      const key = this.#next();
      if (key !== undefined) return key;
      if (this.#shutDown) return undefined;
      await this.#nextWake(signal);
    }
    // This caller may have been the one that was woken for a key: leave it to another.
    if (this.length > 0) this.#wakeOne();
    return undefined;
  }

  #next(): string | undefined {
    const isTurnOfOthers = this.#inARow >= ROUND - 1 && this.#due.size > 0;
    const from = this.#soon.size > 0 && !isTurnOfOthers ? this.#soon : this.#due;
    const key = from.take();
    if (key === undefined) return undefined;
    this.#inARow = from === this.#soon ? this.#inARow + 1 : 0;
    this.#working.add(key);
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
    return key;
  }

  /** Ends the work on a key that `get` gave. */
  done(key: string): void {
    if (!this.#working.delete(key)) throw new Error(`done("${key}") without get`);
    const soon = this.#again.get(key);
    if (soon === undefined) return;
    this.#again.delete(key);
    this.#becomesDue(key, soon);
  }

  /**
   * Nobody is waited for any more than the rest: where nobody worked until now, almost everything may have happened. Who
   * knows better adds again what is waited for.
   */
  calm(): void {
    for (let key = this.#soon.take(); key !== undefined; key = this.#soon.take()) this.#due.add(key);
  }

  #becomesDue(key: string, soon: boolean): void {
    if (this.#soon.has(key) || (this.#due.has(key) && !soon)) return;
    // One that waits already was told of with a caller for it.
    const isNew = !this.#due.delete(key);
    (soon ? this.#soon : this.#due).add(key);
    if (isNew) this.#wakeOne();
  }

  /** Keys due now, without those being worked on or waiting for their time. */
  get length(): number {
    return this.#due.size + this.#soon.size;
  }

  /** Keys that are being worked on. */
  get working(): number {
    return this.#working.size;
  }

  /** Takes no more keys and drops the delayed ones. What is due is still handed out. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #wakeOne(): void {
    for (const wake of this.#waiting) {
      this.#waiting.delete(wake);
      wake();
      return;
    }
  }

  async #nextWake(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      this.#waiting.delete(resolve);
      resolve();
    };
    this.#waiting.add(resolve);
    signal?.addEventListener('abort', onAbort, { once: true });
    await promise;
    signal?.removeEventListener('abort', onAbort);
  }
}
