import type { Clock } from '../clock.ts';
import type { ReflectorMetrics } from './reflector-options.ts';

/** How long ago each watch was last known to work: one that fell silent is not hidden by others that are loud. */
export class WatchAges {
  readonly #clock: Clock;
  /** By watch, the monotonic time at which it was last heard of, or began to be kept. */
  readonly #heard = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the reflector of this watch is to tell: `then` is told the same. */
  of(watch: string, then: Partial<ReflectorMetrics> = {}): ReflectorMetrics {
    const hear = (): void => void this.#heard.set(watch, this.#clock.monotonic());
    hear();
    return {
      listed: (...all) => {
        hear();
        then.listed?.(...all);
      },
      heard: (...all) => {
        hear();
        then.heard?.(...all);
      },
      ended: (...all) => then.ended?.(...all),
    };
  }

  /** Milliseconds since the most silent of them was heard of; 0 where nothing is watched. */
  get oldestMs(): number {
    return this.#heard.size === 0 ? 0 : this.#clock.monotonic() - Math.min(...this.#heard.values());
  }
}
