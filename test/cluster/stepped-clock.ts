import { type Clock, systemClock, type Timer } from '../../src/kube/clock.ts';

interface Pending {
  /** On this clock's monotonic time. */
  readonly due: number;
  readonly run: () => void;
  real: Timer;
}

/**
 * The machine's clock, and as much further as tests have skipped. What waits on it for a minute need not be sat out:
 * `skip(60_000)`, and it is due. It never goes back, and stands for real time otherwise.
 */
export class SteppedClock implements Clock {
  #ahead = 0;
  readonly #timers = new Set<Pending>();

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#ahead;
  }

  after(ms: number, run: () => void): Timer {
    const timer: Pending = { due: this.monotonic() + ms, run, real: NEVER };
    this.#timers.add(timer);
    this.#arm(timer);
    return {
      cancel: () => {
        timer.real.cancel();
        this.#timers.delete(timer);
      },
    };
  }

  /** Goes on by `ms` at once. What falls due by that runs before this returns, the earliest first. */
  skip(ms: number): void {
    this.#ahead += ms;
    const now = this.monotonic();
    const due = [...this.#timers].filter((timer) => timer.due <= now).toSorted((a, b) => a.due - b.due);
    for (const timer of due) this.#fire(timer);
    for (const timer of this.#timers) {
      timer.real.cancel();
      this.#arm(timer);
    }
  }

  #arm(timer: Pending): void {
    timer.real = systemClock.after(Math.max(0, timer.due - this.monotonic()), () => this.#fire(timer));
  }

  #fire(timer: Pending): void {
    timer.real.cancel();
    // One that ran before may have cancelled it.
    if (this.#timers.delete(timer)) timer.run();
  }
}

const NEVER: Timer = { cancel: () => {} };
