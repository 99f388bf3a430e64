import { ApiError } from '../api/api-error.ts';
import { bounded } from '../api/bounded.ts';
import type { Clock } from '../clock.ts';
import { sleep } from '../clock.ts';
import { Lease } from '../objects/kinds.ts';
import type { Logger } from '../log.ts';
import { silentLogger } from '../log.ts';
import { type CompleteOptions, completed, type LeaderElectionOptions } from './leader-election-options.ts';
import {
  keptBy,
  LeadershipLost,
  LeaseForbidden,
  type LeaseSpec,
  lostTo,
  releasedSpec,
  renewedSpec,
  type SeenLease,
  takenSpec,
} from './lease.ts';
import type { Live } from '../objects/types.ts';

/** Rights that were granted, or an API server that was started, a moment ago: the first answers may be wrong. */
const REFUSALS = 3;

/**
 * One leader at a time by a Lease. All deadlines are by the monotonic clock of each candidate, counted from
 * before our own renewal was sent, and from after another's was seen; so no clock has to be right, and a
 * leader's time is over before another's begins.
 */
export class LeaderElection {
  readonly #options: CompleteOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  #seen: SeenLease | undefined;
  /** The Lease that we have seen is gone: since when, and when we looked last (monotonic ms). */
  #gone: { readonly since: number; readonly lookedAt: number } | undefined;
  #waitsFor: string | undefined;
  #leadsUntil = -Infinity;

  constructor(options: LeaderElectionOptions) {
    this.#options = completed(options);
    this.#clock = this.#options.clock;
    this.#log = (options.log ?? silentLogger).child({
      lease: `${options.namespace}/${options.name}`,
      identity: options.identity,
    });
  }

  /** True as long as no other can lead. Right also when the event loop was blocked and no timer ran yet. */
  get isLeader(): boolean {
    return this.#clock.monotonic() < this.#leadsUntil;
  }

  /**
   * Waits to lead, then runs `onLeading`; resolves when that ended after the signal was aborted, after it
   * returned by itself, or after leadership was lost. `signal` of onLeading says stop; `lost` is aborted only
   * when writing must end at once. The Lease is renewed until onLeading has ended, and then released.
   */
  async run(
    signal: AbortSignal,
    onLeading: (signal: AbortSignal, lost: AbortSignal) => Promise<void>,
  ): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    this.#log.info({}, 'holds the Lease');
    const lost = new AbortController();
    const ended = new AbortController();
    const stop = AbortSignal.any([signal, lost.signal]);
    const renewing = this.#keep(lost, ended.signal);
    try {
      await onLeading(stop, lost.signal);
    } finally {
      ended.abort();
      await renewing;
      const held = this.isLeader;
      this.#leadsUntil = -Infinity;
      if (held) await this.#release();
    }
  }

  /** Resolves to false when the signal was aborted first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { whenForbidden } = this.#options;
    let refusals = 0;
    while (!signal.aborted) {
      try {
        const begun = this.#clock.monotonic();
        const keeper = await this.#tryToTake(signal);
        refusals = 0;
        this.#waitFor(keeper);
        if (keeper === undefined) {
          this.#leadsUntil = begun + this.#options.renewDeadlineMs;
          if (this.isLeader) return true;
        }
      } catch (error) {
        const { isAborted, isConflict, isAlreadyExists, isForbidden, isNotFound, message } =
          ApiError.from(error);
        // Not found: the namespace. That a Lease is missing is no error.
        refusals = isForbidden || isNotFound ? refusals + 1 : 0;
        if (refusals >= REFUSALS && whenForbidden === 'Reject') throw new LeaseForbidden(message);
        // Of candidates that come at once, one wins; the others just look again.
        const told =
          isAborted || isConflict || isAlreadyExists || (refusals > 0 && whenForbidden === 'Reject');
        if (!told) this.#log.warn({ error: message }, 'cannot read or take the Lease');
      }
      // Drawn, so that waiting candidates don't come all at once.
      const wait = this.#options.retryMs * (1 + 0.2 * this.#options.random());
      await sleep(this.#clock, wait, signal).catch(() => {});
    }
    return false;
  }

  /** Resolves to who keeps us from it; to undefined once it is ours. */
  async #tryToTake(signal: AbortSignal): Promise<string | undefined> {
    const { client, namespace, name, mayTakeFrom } = this.#options;
    const lease = await this.#bounded(signal, (bound) => client.get(Lease, { namespace, name }, bound));
    if (lease) {
      if (lease.metadata.resourceVersion !== this.#seen?.lease.metadata.resourceVersion) this.#saw(lease);
      const keeper = this.#seen && keptBy(this.#seen, this.#clock.monotonic());
      if (keeper !== undefined && !mayTakeFrom(keeper)) return keeper;
      await this.#write(lease, this.#taken(lease.spec), signal);
      return undefined;
    }
    const former = this.#seen && this.#formerHolder(this.#seen);
    if (former !== undefined) return former;
    const created = { metadata: { namespace, name }, spec: this.#taken(undefined) };
    this.#saw(await this.#bounded(signal, (bound) => client.create(Lease, created, bound)));
    return undefined;
  }

  /**
   * Who keeps us from a Lease that somebody deleted: whoever held it by then, perhaps another than we have seen, leads on
   * until it looks again, or for as long as it may without a renewal. Undefined once that time is over; it counts anew
   * when we could not look in between, for the Lease may have been taken and deleted once more meanwhile.
   */
  #formerHolder({ lease: { spec = {} } }: SeenLease): string | undefined {
    const { leaseMs, retryMs } = this.#options;
    const now = this.#clock.monotonic();
    const { since, lookedAt } = this.#gone ?? { since: now, lookedAt: now };
    this.#gone = { since: now - lookedAt > 2 * retryMs ? now : since, lookedAt: now };
    const longestMs = Math.max(leaseMs, (spec.leaseDurationSeconds ?? 0) * 1000);
    return now - this.#gone.since < longestMs ? (spec.holderIdentity ?? 'its former holder') : undefined;
  }

  #taken(before: Lease['spec']): LeaseSpec {
    const { identity, leaseMs } = this.#options;
    return takenSpec(before, identity, leaseMs, this.#clock.now());
  }

  #waitFor(holder: string | undefined): void {
    if (holder === this.#waitsFor) return;
    this.#waitsFor = holder;
    this.#options.onWaiting(holder);
  }

  /** Renews until `ended`; aborts `lost` when that failed for too long or another holds the Lease. */
  async #keep(lost: AbortController, ended: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([ended, lost.signal]);
    while (!ended.aborted) {
      // A timer of its own: a renewal under way must not keep the end of leadership waiting.
      const left = this.#leadsUntil - this.#clock.monotonic();
      const deadline = this.#clock.after(left, () => this.#lose(lost, 'the Lease was not renewed in time'));
      try {
        await sleep(this.#clock, this.#options.retryMs, ended);
        await this.#renew(lost, stop);
      } catch (error) {
        const { isAborted, message } = ApiError.from(error);
        if (!isAborted) this.#log.warn({ error: message }, 'cannot renew the Lease');
      } finally {
        deadline.cancel();
      }
      if (!this.isLeader) this.#lose(lost, 'the Lease was not renewed in time');
      if (lost.signal.aborted) return;
    }
  }

  async #renew(lost: AbortController, stop: AbortSignal): Promise<void> {
    const begun = this.#clock.monotonic();
    const { leaseMs } = this.#options;
    const why = await this.#updateOurs(stop, (spec) => renewedSpec(spec, leaseMs, this.#clock.now()));
    if (why !== undefined) this.#lose(lost, why);
    else if (!lost.signal.aborted) this.#leadsUntil = begun + this.#options.renewDeadlineMs;
  }

  /** Writes the Lease that we hold; resolves to why we hold it no more, if so. */
  async #updateOurs(
    signal: AbortSignal | undefined,
    next: (held: Lease['spec']) => LeaseSpec,
  ): Promise<string | undefined> {
    const { client, namespace, name } = this.#options;
    const { lease: seen } = this.#seen as SeenLease;
    try {
      await this.#write(seen, next(seen.spec), signal);
      return undefined;
    } catch (error) {
      // A Conflict may be our own earlier write, carried out though its answer was lost.
      const failure = ApiError.from(error);
      if (!failure.isConflict && !failure.isNotFound) throw failure;
    }
    const live = await this.#bounded(signal, (bound) => client.get(Lease, { namespace, name }, bound));
    const why = lostTo(live, seen.spec ?? {});
    if (live !== undefined && why === undefined) await this.#write(live, next(live.spec), signal);
    return why;
  }

  #lose(lost: AbortController, why: string): void {
    if (lost.signal.aborted) return;
    this.#leadsUntil = -Infinity;
    this.#log.error({}, `leadership lost: ${why}`);
    lost.abort(new LeadershipLost(why));
  }

  async #release(): Promise<void> {
    try {
      await this.#updateOurs(undefined, (held) => releasedSpec(held, this.#clock.now()));
      this.#log.info({}, 'released the Lease');
    } catch (error) {
      this.#log.warn({ error: ApiError.from(error).message }, 'could not release the Lease; it will expire');
    }
  }

  async #write(lease: Live<Lease>, spec: LeaseSpec, signal: AbortSignal | undefined): Promise<void> {
    // PUT with the resourceVersion that we read: if anybody wrote in between, this is refused.
    const next: Lease = { ...lease, spec };
    this.#saw(await this.#bounded(signal, (bound) => this.#options.client.replace(Lease, next, bound)));
  }

  #saw(lease: Live<Lease>): void {
    this.#seen = { lease, at: this.#clock.monotonic() };
    this.#gone = undefined;
  }

  /** A request that is given up in time for another try before the deadline. */
  #bounded<R>(signal: AbortSignal | undefined, ask: (signal: AbortSignal) => Promise<R>): Promise<R> {
    return bounded(this.#clock, this.#options.renewDeadlineMs / 2, signal, ask);
  }
}
