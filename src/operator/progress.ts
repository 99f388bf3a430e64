import type { Clock } from '../kube/clock.ts';

/** A run is ended after a minute at most, whatever it does: without any in five there is something wrong with us. */
const LIMIT_MS = 5 * 60_000;

/**
 * Whether the process gets on with its work. It does not when keys have been due for minutes and no run has ended:
 * neither well nor badly, so that an API server that is away is no reason to be restarted.
 */
export class Progress {
  readonly #clock: Clock;
  /** How many keys are due and not being worked on. */
  readonly #waiting: () => number;
  #working = false;
  #since: number;

  constructor(clock: Clock, waiting: () => number) {
    this.#clock = clock;
    this.#waiting = waiting;
    this.#since = clock.monotonic();
  }

  /** A run has ended. */
  ran(): void {
    this.#since = this.#clock.monotonic();
  }

  /** Only who leads works; what waits in a standby waits for its day. */
  async while<T>(work: () => Promise<T>): Promise<T> {
    this.#working = true;
    this.ran();
    try {
      return await work();
    } finally {
      this.#working = false;
    }
  }

  /** To be asked every few seconds, as a kubelet does: what was not due at the last look waits since then at most. */
  get isMade(): boolean {
    if (!this.#working || this.#waiting() === 0) this.ran();
    return this.#clock.monotonic() - this.#since < LIMIT_MS;
  }
}
