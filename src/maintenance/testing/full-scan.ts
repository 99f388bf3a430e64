import {
  compareWaiting,
  countFleet,
  waitingAt,
  type FleetLimits,
  type FleetMember,
  type FleetPlace,
} from '../fleet.ts';

/** What FleetSummary answers, found by looking at everybody. */
export function placeByScan(
  members: readonly FleetMember[],
  uid: string,
  limits: FleetLimits,
  now: Date,
): FleetPlace {
  return { ...countFleet(members, limits, now), ahead: aheadOf(members, uid, now) };
}

/** How many wait before this one; all of them when it does not wait. */
export function aheadOf(members: readonly FleetMember[], uid: string, now: Date): number {
  const order = waitingByScan(members, now);
  const place = order.indexOf(uid);
  return place < 0 ? order.length : place;
}

/** UIDs of those who would begin if there were places, in their order. */
export function waitingByScan(members: readonly FleetMember[], now: Date): string[] {
  return members
    .flatMap((member) => waitingAt(member, now) ?? [])
    .toSorted(compareWaiting)
    .map(({ uid }) => uid);
}
