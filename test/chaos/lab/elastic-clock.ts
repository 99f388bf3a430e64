import type { Clock, Timer } from '../../../src/kube/clock.ts';

interface Entry {
  /** By the virtual monotonic clock, in milliseconds. */
  readonly due: number;
  readonly run: () => void;
  timeout: NodeJS.Timeout;
}

/** The machine's time, which can be moved on: what waits for a timer then need not be waited for. Never goes back. */
export class ElasticClock implements Clock {
  readonly #timers = new Set<Entry>();
  /** How far it is ahead of the machine's, in milliseconds. */
  ahead = 0;

  now(): number {
    return Date.now() + this.ahead;
  }

  monotonic(): number {
    return performance.now() + this.ahead;
  }

  after(ms: number, run: () => void): Timer {
    const entry: Entry = { due: this.monotonic() + ms, run, timeout: setTimeout(() => {}, 0) };
    this.#timers.add(entry);
    this.#arm(entry);
    return {
      cancel: () => {
        clearTimeout(entry.timeout);
        this.#timers.delete(entry);
      },
    };
  }

  /** Moves on by so much: all that is due by then runs in a moment. */
  advance(ms: number): void {
    this.ahead += ms;
    for (const entry of this.#timers) this.#arm(entry);
  }

  /** Milliseconds to the next timer; undefined when there is none. */
  next(): number | undefined {
    const dues = [...this.#timers].map(({ due }) => due - this.monotonic());
    return dues.length === 0 ? undefined : Math.max(0, Math.min(...dues));
  }

  #arm(entry: Entry): void {
    clearTimeout(entry.timeout);
    const left = Math.min(Math.max(0, entry.due - this.monotonic()), 2 ** 31 - 1);
    entry.timeout = setTimeout(() => {
      if (entry.due - this.monotonic() > 0.5) return this.#arm(entry);
      this.#timers.delete(entry);
      entry.run();
    }, left);
  }
}
