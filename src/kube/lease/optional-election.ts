import type { Clock } from '../clock.ts';
import { sleep, systemClock } from '../clock.ts';
import { LeaderElection } from './leader-election.ts';
import type { LeaderElectionOptions } from './leader-election-options.ts';
import { LeadershipLost, LeaseForbidden } from './lease.ts';
import { silentLogger } from '../log.ts';

export interface OptionalElectionOptions extends Omit<LeaderElectionOptions, 'whenForbidden'> {
  /** Told when it begins or ends to lead without the Lease. */
  onWithout?: (without: boolean) => void;
}

/**
 * Leads by a Lease where it may have it, and without where the Lease is forbidden. Then it goes on looking: as soon as the
 * Lease may be had it is taken; and when another holds it by then, leadership is over.
 */
export class OptionalElection {
  readonly #options: OptionalElectionOptions;
  readonly #lease: LeaderElection;
  readonly #clock: Clock;
  readonly #lookMs: number;
  #without = false;
  /** While we lead without it: what to do when another turns out to hold it. */
  #onHeld: ((holder: string) => void) | undefined;

  constructor(options: OptionalElectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#lookMs = options.leaseMs ?? 15_000;
    const onWaiting = (holder: string | undefined): void => {
      if (holder !== undefined) this.#onHeld?.(holder);
      options.onWaiting?.(holder);
    };
    this.#lease = new LeaderElection({ ...options, onWaiting, whenForbidden: 'Reject' });
  }

  get isLeader(): boolean {
    return this.#without || this.#lease.isLeader;
  }

  /** As LeaderElection.run(). */
  async run(
    signal: AbortSignal,
    onLeading: (signal: AbortSignal, lost: AbortSignal) => Promise<void>,
  ): Promise<void> {
    try {
      await this.#lease.run(signal, onLeading);
    } catch (error) {
      if (!(error instanceof LeaseForbidden)) throw error;
      await this.#leadWithout(error, signal, onLeading);
    }
  }

  async #leadWithout(
    { message }: LeaseForbidden,
    signal: AbortSignal,
    onLeading: (signal: AbortSignal, lost: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { log = silentLogger, namespace, name } = this.#options;
    log.warn({ lease: `${namespace}/${name}`, error: message }, 'leads without this Lease: it is forbidden');
    const lost = new AbortController();
    const ended = new AbortController();
    const lose = (why: string): void => {
      this.#setWithout(false);
      log.error({}, `leadership lost: ${why}`);
      lost.abort(new LeadershipLost(why));
    };
    this.#setWithout(true);
    this.#onHeld = (holder) => {
      if (this.#without) lose(`${holder} holds the Lease, which could not be seen before`);
    };
    const looking = this.#keepLooking(AbortSignal.any([ended.signal, lost.signal]), lost);
    try {
      await onLeading(AbortSignal.any([signal, lost.signal]), lost.signal);
    } finally {
      ended.abort();
      this.#onHeld = undefined;
      this.#setWithout(false);
      await looking;
    }
  }

  /** Takes the Lease as soon as it may, and holds it until `end`. */
  async #keepLooking(end: AbortSignal, lost: AbortController): Promise<void> {
    while (!end.aborted) {
      await sleep(this.#clock, this.#lookMs, end).catch(() => {});
      try {
        await this.#lease.run(end, async (signal, leaseLost) => {
          this.#setWithout(false);
          await aborted(signal);
          if (leaseLost.aborted) lost.abort(leaseLost.reason);
        });
      } catch (error) {
        if (!(error instanceof LeaseForbidden)) throw error;
      }
    }
  }

  #setWithout(without: boolean): void {
    if (without === this.#without) return;
    this.#without = without;
    this.#options.onWithout?.(without);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
