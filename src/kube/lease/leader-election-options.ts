import type { KubeClient } from '../api/client.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';

export interface LeaderElectionOptions {
  /** With a Transport of its own: a renewal must never wait for a free connection. */
  client: KubeClient;
  namespace: string;
  name: string;
  /**
   * Who we are. One that stays over restarts (the pod's name) takes its own Lease again at once. Of two processes
   * that have the same one, the earlier leads no more from its next renewal on.
   */
  identity: string;
  /** Whose Lease is taken at once; asked after it was read. Default: that of our own identity. */
  mayTakeFrom?: (holder: string) => boolean;
  /** Told for whom we wait whenever that changes; undefined: for nobody. */
  onWaiting?: (holder: string | undefined) => void;
  /** `Reject`: run() rejects with LeaseForbidden once that was answered a few times. Default: waits. */
  whenForbidden?: 'Wait' | 'Reject';
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

export type CompleteOptions = Required<Omit<LeaderElectionOptions, 'log'>>;

/** With the defaults. Throws RangeError for times with which two could lead at once. */
export function completed(options: LeaderElectionOptions): CompleteOptions {
  const complete = {
    clock: systemClock,
    random: Math.random,
    mayTakeFrom: (holder: string) => holder === options.identity,
    onWaiting: () => {},
    whenForbidden: 'Wait' as const,
    leaseMs: 15_000,
    renewDeadlineMs: 10_000,
    retryMs: 2_000,
    ...options,
  };
  const { leaseMs, renewDeadlineMs, retryMs } = complete;
  if (!(retryMs > 0 && retryMs < renewDeadlineMs && renewDeadlineMs < leaseMs && leaseMs % 1000 === 0))
    throw new RangeError(
      `needs retry < renew deadline < lease, the last in whole seconds; got ${retryMs}, ${renewDeadlineMs}, ${leaseMs} ms`,
    );
  return complete;
}
