import type { Clock, Timer } from '../clock.ts';

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #elapsed = 0;
  #wallOffset: number;
  #sequence = 0;
  readonly #timers = new Set<{ at: number; sequence: number; run: () => void }>();

  /** `start`: the wall clock's first reading, ms since the epoch. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#wallOffset = start;
  }

  now(): number {
    return this.#wallOffset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#elapsed + Math.max(0, ms), sequence: this.#sequence++, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Timers that are waiting. */
  get pending(): number {
    return this.#timers.size;
  }

  /** The wall clock jumps, as after a correction by NTP; monotonic time and timers don't. */
  jump(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Lets `ms` pass: runs what falls due in its order, and after each lets promises settle. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.run();
      await settle();
    }
    this.#elapsed = end;
    await settle();
  }

  /** `ms` pass while nothing runs, as when the event loop is blocked; then all that fell due runs late. */
  async stall(ms: number): Promise<void> {
    this.#elapsed += ms;
    await this.advance(0);
  }

  #next(end: number): { at: number; sequence: number; run: () => void } | undefined {
    let first: { at: number; sequence: number; run: () => void } | undefined;
    for (const timer of this.#timers)
      if (
        timer.at <= end &&
        (!first || timer.at < first.at || (timer.at === first.at && timer.sequence < first.sequence))
      )
        first = timer;
    return first;
  }
}

/** Lets promises that need no time and no I/O settle. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
