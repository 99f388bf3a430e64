import { MAINTENANCE_REASON } from '../../api/reasons.ts';
import { isPaused, maintenanceWindowOf, stateOf } from '../../api/addon-defaults.ts';
import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddon, InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { FleetMember, FleetPlace, FleetWish } from '../../maintenance/fleet.ts';
import type { FleetSummary } from '../../maintenance/fleet-summary.ts';
import { isAsked } from '../../maintenance/may-run.ts';
import { kindOf } from '../../maintenance/pending.ts';
import { limitsOf, type MaintenanceSettings } from '../../maintenance/settings.ts';

/** Where an addon stands among those that are in maintenance or wait for it; nowhere while nothing of it waits. */
export function placeOf(
  addon: Live<InfluxAddon>,
  fleet: FleetSummary,
  settings: MaintenanceSettings | undefined,
  now: Date,
): FleetPlace {
  const count = fleet.count(limitsOf(settings), now);
  return { ...count, ahead: fleet.ahead(addon.metadata.uid, now) };
}

/** What the brake looks at of an addon. */
export function memberOf(addon: Live<InfluxAddon>): FleetMember {
  const { uid, deletionTimestamp } = addon.metadata;
  const { startedAt, pending = [] } = addon.status?.maintenance ?? {};
  // What its user has stopped is no failure of maintenance, and takes nobody's place.
  const leaving = deletionTimestamp !== undefined || isPaused(addon) || stateOf(addon) === 'Stopped';
  if (leaving) return { uid, startedAt: undefined, wish: undefined };
  if (startedAt !== undefined) return { uid, startedAt: new Date(startedAt), wish: undefined };
  return { uid, startedAt: undefined, wish: pending.length === 0 ? undefined : wishOf(addon, pending) };
}

type PendingStatus = NonNullable<NonNullable<InfluxAddonStatus['maintenance']>['pending']>;

function wishOf(addon: Live<InfluxAddon>, pending: PendingStatus): FleetWish | undefined {
  const deadline = deadlineOf(addon);
  const free = isFree(addon);
  if (!free && deadline === undefined) return undefined;
  const since = Math.min(...pending.map((each) => Date.parse(each.since) || 0));
  // Until its backup is there nobody waits behind it. It begins where there is a place left, or queues up again.
  if (waitsBecause(addon) === 'AwaitingBackup')
    return deadline && { asked: false, since: new Date(since), window: undefined, deadline };
  const asked = free && isAsked(tokenOf(addon), addon.status?.lastHandled?.maintainNow);
  return { asked, since: new Date(since), window: free ? maintenanceWindowOf(addon) : undefined, deadline };
}

/** Whether maintenance may begin, as far as the addon itself is concerned. */
export function mayBegin(addon: Live<InfluxAddon>, now: Date): boolean {
  if (isPaused(addon) || stateOf(addon) === 'Stopped') return false;
  const deadline = deadlineOf(addon);
  return isFree(addon) || (deadline !== undefined && deadline <= now);
}

/** It is well, or somebody wants it tried all the same. */
function isFree(addon: Live<InfluxAddon>): boolean {
  const is = (type: string) =>
    addon.status?.conditions?.find((each) => each.type === type)?.status === 'True';
  if (is('Stalled')) return false;
  const current = addon.status?.observedGeneration === addon.metadata.generation;
  return (is('Ready') && current) || isAsked(tokenOf(addon), addon.status?.lastHandled?.maintainNow);
}

/**
 * When the first of what waits can wait no longer, as status says it: also of an addon whose database cannot be asked.
 * One that is stalled gets its certificate, which is a restart of the database and nothing else. A restart that did not
 * help is not repeated at once.
 */
export function deadlineOf({ status }: Live<InfluxAddon>): Date | undefined {
  const { pending = [], past = [] } = status?.maintenance ?? {};
  const stalled = status?.conditions?.some(({ type, status: is }) => type === 'Stalled' && is === 'True');
  const counted = stalled ? pending.filter(({ what }) => kindOf(what) === 'certificate') : pending;
  return latestOf(
    counted.map(({ latest }) => (latest === undefined ? undefined : new Date(latest))),
    past[0]?.at,
  );
}

/** The first of these times, and not too soon after what was brought last. */
export function latestOf(times: readonly (Date | undefined)[], lastAt: string | undefined): Date | undefined {
  const known = times.flatMap((each) => (each === undefined ? [] : [each.getTime()])).filter(Number.isFinite);
  if (known.length === 0) return undefined;
  return new Date(Math.max(Math.min(...known), (Date.parse(lastAt ?? '') || -AGAIN_MS) + AGAIN_MS));
}

const AGAIN_MS = 60 * 60_000;

/** It would begin at once if the others let it. */
export function isWaitingForTurn(addon: Live<InfluxAddon>): boolean {
  const reason = waitsBecause(addon);
  return reason === MAINTENANCE_REASON.fleetBusy || reason === MAINTENANCE_REASON.fleetStopped;
}

/** The reason of the condition `MaintenancePending`. */
export function waitsBecause({ status }: Live<InfluxAddon>): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'MaintenancePending')?.reason;
}

/** The token of `influxaddon.dev/maintain-now`, as much of it as status remembers. */
export function tokenOf({ metadata }: Live<InfluxAddon>): string | undefined {
  return metadata.annotations?.[Annotation.maintainNow]?.slice(0, 253);
}
