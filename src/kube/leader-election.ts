import { ApiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import type { Clock } from './clock.ts';
import { sleep, systemClock } from './clock.ts';
import { Lease } from './kinds.ts';
import type { Logger } from './log.ts';
import { silentLogger } from './log.ts';
import { microTime } from './micro-time.ts';
import type { Live } from './types.ts';

export interface LeaderElectionOptions {
  /** With a Transport of its own: a renewal must never wait for a free connection. */
  client: KubeClient;
  namespace: string;
  name: string;
  /**
   * Who we are. One that stays over restarts (the pod's name) takes its own Lease again at once; no two
   * processes may have it at a time.
   */
  identity: string;
  /** How long others wait for us to renew. Whole seconds; default 15 s. */
  leaseMs?: number;
  /** How long we lead without a renewal; less than leaseMs. Default 10 s. */
  renewDeadlineMs?: number;
  /** Between renewals, and between looks at another's Lease. Default 2 s. */
  retryMs?: number;
  clock?: Clock;
  random?: () => number;
  log?: Logger;
}

/** The reason with which the signals of a leader are aborted that is one no more. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

/**
 * One leader at a time by a Lease. All deadlines are by the monotonic clock of each candidate, counted from
 * before our own renewal was sent, and from after another's was seen; so no clock has to be right, and a
 * leader's time is over before another's begins.
 */
export class LeaderElection {
  readonly #options: Required<Omit<LeaderElectionOptions, 'log'>>;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** The Lease as last seen, and since when it has been the same. */
  #seen: { lease: Live<Lease>; at: number } | undefined;
  #leadsUntil = -Infinity;

  constructor(options: LeaderElectionOptions) {
    const defaults = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
    this.#options = { clock: systemClock, random: Math.random, ...defaults, ...options };
    this.#clock = this.#options.clock;
    this.#log = (options.log ?? silentLogger).child({ lease: options.name, identity: options.identity });
    const { leaseMs, renewDeadlineMs, retryMs } = this.#options;
    if (!(retryMs > 0 && retryMs < renewDeadlineMs && renewDeadlineMs < leaseMs && leaseMs % 1000 === 0))
      throw new RangeError(
        `needs retry < renew deadline < lease, the last in whole seconds; got ${retryMs}, ${renewDeadlineMs}, ${leaseMs} ms`,
      );
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
    this.#log.info({}, 'leading');
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
    while (!signal.aborted) {
      try {
        const begun = this.#clock.monotonic();
        if (await this.#tryToTake(signal)) {
          this.#leadsUntil = begun + this.#options.renewDeadlineMs;
          if (this.isLeader) return true;
        }
      } catch (error) {
        const { isAborted, isConflict, isAlreadyExists, message } = ApiError.from(error);
        // Of candidates that come at once, one wins; the others just look again.
        if (!isAborted && !isConflict && !isAlreadyExists)
          this.#log.warn({ error: message }, 'cannot read or take the Lease');
      }
      // Drawn, so that waiting candidates don't come all at once.
      const wait = this.#options.retryMs * (1 + 0.2 * this.#options.random());
      await sleep(this.#clock, wait, signal).catch(() => {});
    }
    return false;
  }

  async #tryToTake(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity } = this.#options;
    const lease = await this.#bounded(signal, (bound) => client.get(Lease, { namespace, name }, bound));
    if (!lease) {
      const created = { metadata: { namespace, name }, spec: this.#spec(undefined) };
      this.#saw(await this.#bounded(signal, (bound) => client.create(Lease, created, bound)));
      return true;
    }
    if (lease.metadata.resourceVersion !== this.#seen?.lease.metadata.resourceVersion) this.#saw(lease);
    const { holderIdentity, leaseDurationSeconds = 0 } = lease.spec ?? {};
    const unchangedMs = this.#clock.monotonic() - (this.#seen?.at ?? 0);
    const free = !holderIdentity || holderIdentity === identity || unchangedMs >= leaseDurationSeconds * 1000;
    if (!free) return false;
    await this.#write(lease, this.#spec(lease), signal);
    return true;
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
    const held = await this.#updateOurs(stop, (lease) => this.#spec(lease));
    if (held !== true) this.#lose(lost, held);
    else if (!lost.signal.aborted) this.#leadsUntil = begun + this.#options.renewDeadlineMs;
  }

  /** Writes the Lease that we hold; true, or why we hold it no more. */
  async #updateOurs(
    signal: AbortSignal | undefined,
    specOf: (lease: Live<Lease>) => Lease['spec'],
  ): Promise<true | string> {
    const { client, namespace, name, identity } = this.#options;
    const seen = this.#seen?.lease;
    try {
      if (seen) await this.#write(seen, specOf(seen), signal);
      if (seen) return true;
    } catch (error) {
      // A Conflict may be our own earlier write, carried out though its answer was lost.
      const failure = ApiError.from(error);
      if (!failure.isConflict && !failure.isNotFound) throw failure;
    }
    const live = await this.#bounded(signal, (bound) => client.get(Lease, { namespace, name }, bound));
    if (!live) return 'the Lease was deleted';
    if (live.spec?.holderIdentity !== identity) return 'another holds the Lease';
    await this.#write(live, specOf(live), signal);
    return true;
  }

  #lose(lost: AbortController, why: string): void {
    if (lost.signal.aborted) return;
    this.#leadsUntil = -Infinity;
    this.#log.error({}, `leadership lost: ${why}`);
    lost.abort(new LeadershipLost(why));
  }

  async #release(): Promise<void> {
    try {
      await this.#updateOurs(undefined, (lease) => {
        const { holderIdentity: _, ...spec } = this.#spec(lease);
        return { ...spec, leaseDurationSeconds: 1 };
      });
      this.#log.info({}, 'released the Lease');
    } catch (error) {
      this.#log.warn({ error: ApiError.from(error).message }, 'could not release the Lease; it will expire');
    }
  }

  async #write(lease: Live<Lease>, spec: Lease['spec'], signal: AbortSignal | undefined): Promise<void> {
    // PUT with the resourceVersion that we read: if anybody wrote in between, this is refused.
    const next: Lease = { ...lease, ...(spec ? { spec } : {}) };
    this.#saw(await this.#bounded(signal, (bound) => this.#options.client.replace(Lease, next, bound)));
  }

  #spec(before: Live<Lease> | undefined): NonNullable<Lease['spec']> {
    const { identity, leaseMs } = this.#options;
    const now = microTime(this.#clock.now());
    const ours = before?.spec?.holderIdentity === identity;
    const transitions = before?.spec?.leaseTransitions ?? 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseMs / 1000,
      acquireTime: ours ? (before.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: ours || !before ? transitions : transitions + 1,
    };
  }

  #saw(lease: Live<Lease>): void {
    this.#seen = { lease, at: this.#clock.monotonic() };
  }

  /** A request that is given up in time for another try before the deadline. */
  async #bounded<R>(signal: AbortSignal | undefined, ask: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    const timer = this.#clock.after(this.#options.renewDeadlineMs / 2, () =>
      controller.abort(new DOMException('the API server does not answer', 'TimeoutError')),
    );
    try {
      return await ask(controller.signal);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
