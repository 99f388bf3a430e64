import type { Lease } from '../objects/kinds.ts';
import { microTime } from '../objects/micro-time.ts';
import type { Live } from '../objects/types.ts';

export type LeaseSpec = NonNullable<Lease['spec']>;

/** The reason with which the signals of a leader are aborted that is one no more. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

/** We may not look at the Lease or take it, or its namespace does not exist. */
export class LeaseForbidden extends Error {
  override readonly name = 'LeaseForbidden';
}

/** What a candidate has seen of a Lease: how it is, and since when (monotonic ms) it has been the same. */
export interface SeenLease {
  readonly lease: Live<Lease>;
  readonly at: number;
}

/** The spec with which `identity` begins to hold a Lease. Its acquireTime is that of this process, whoever had it before. */
export function takenSpec(
  before: Lease['spec'],
  identity: string,
  leaseMs: number,
  nowMs: number,
): LeaseSpec {
  const transitions = before?.leaseTransitions ?? 0;
  const handedOver = before !== undefined && before.holderIdentity !== identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: leaseMs / 1000,
    acquireTime: microTime(nowMs),
    renewTime: microTime(nowMs),
    leaseTransitions: handedOver ? transitions + 1 : transitions,
  };
}

export function renewedSpec(held: Lease['spec'], leaseMs: number, nowMs: number): LeaseSpec {
  return { ...held, leaseDurationSeconds: leaseMs / 1000, renewTime: microTime(nowMs) };
}

/** Given back: whoever looks next may take it. */
export function releasedSpec(held: Lease['spec'], nowMs: number): LeaseSpec {
  const { holderIdentity: _, ...spec } = renewedSpec(held, 1_000, nowMs);
  return spec;
}

/** Who keeps others from it: undefined once nobody does, or its holder has not renewed it for as long as it promised. */
export function keptBy({ lease, at }: SeenLease, nowMonotonicMs: number): string | undefined {
  const { holderIdentity, leaseDurationSeconds = 0 } = lease.spec ?? {};
  if (!holderIdentity || nowMonotonicMs - at >= leaseDurationSeconds * 1000) return undefined;
  return holderIdentity;
}

/**
 * Why `live` is not what we hold, `held`, any more. The time of taking tells two processes apart that were given the same
 * identity: a process does not change it while it leads.
 */
export function lostTo(live: Lease | undefined, held: LeaseSpec): string | undefined {
  if (live === undefined) return 'the Lease was deleted';
  const { holderIdentity, acquireTime } = live.spec ?? {};
  if (holderIdentity !== held.holderIdentity) return `${holderIdentity ?? 'nobody'} holds the Lease`;
  if (acquireTime !== held.acquireTime) return `another process holds the Lease as ${holderIdentity}, too`;
  return undefined;
}
