import { isPaused, maintenanceWindowOf, stateOf } from '../api/addon-defaults.ts';
import { Annotation } from '../api/annotations.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import type { Live } from '../kube/types.ts';
import type { FleetMember } from '../maintenance/fleet.ts';
import { isAsked } from '../maintenance/may-run.ts';
import { usableWindow } from '../maintenance/window.ts';
import type { Memories } from './memories.ts';
import type { Stores } from './stores.ts';

/**
 * The addons that maintenance of this one may have to wait for, as their statuses tell; none while it waits for nothing.
 * One that has just begun counts though its status is still being written: the databases are decided one after the
 * other in one process, so no two of them can take the same place.
 */
export function fleetFor(addon: Live<InfluxAddon>, stores: Stores, memories: Memories): Live<InfluxAddon>[] {
  if ((addon.status?.maintenance?.pending ?? []).length === 0) return [];
  return [...stores.addons.list()].map((each) => {
    const { beginning } = memories.get(each.metadata.uid);
    if (beginning === undefined || each.status === undefined) return each;
    const maintenance = { ...each.status.maintenance, startedAt: beginning };
    return { ...each, status: { ...each.status, maintenance } };
  });
}

/** What the brake looks at of an addon. */
export function memberOf(addon: Live<InfluxAddon>, now: Date): FleetMember {
  const { uid, deletionTimestamp } = addon.metadata;
  const { startedAt, pending = [] } = addon.status?.maintenance ?? {};
  // What its user has stopped is no failure of maintenance, and takes nobody's place.
  const leaving = deletionTimestamp !== undefined || isPaused(addon) || stateOf(addon) === 'Stopped';
  if (startedAt !== undefined && !leaving) return { uid, startedAt: new Date(startedAt), waiting: undefined };
  if (pending.length === 0 || leaving || !mayBegin(addon))
    return { uid, startedAt: undefined, waiting: undefined };
  const asked = isAsked(tokenOf(addon), addon.status?.lastHandled?.maintainNow);
  const open = asked || usableWindow(maintenanceWindowOf(addon), now, NEEDS_MINUTES).open;
  const since = new Date(Math.min(...pending.map((each) => Date.parse(each.since))));
  return { uid, startedAt: undefined, waiting: open ? { asked, since } : undefined };
}

/**
 * Whether maintenance of it could begin, were it time. By itself only with a database that is well: of one that is not
 * nobody could tell afterwards what broke it.
 */
export function mayBegin(addon: Live<InfluxAddon>): boolean {
  if (isPaused(addon) || stateOf(addon) === 'Stopped') return false;
  const is = (type: string) =>
    addon.status?.conditions?.find((each) => each.type === type)?.status === 'True';
  if (is('Stalled')) return false;
  const current = addon.status?.observedGeneration === addon.metadata.generation;
  return (is('Ready') && current) || isAsked(tokenOf(addon), addon.status?.lastHandled?.maintainNow);
}

/** It would begin at once if the others let it. */
export function isWaitingForTurn(addon: Live<InfluxAddon>): boolean {
  const condition = addon.status?.conditions?.find(({ type }) => type === 'MaintenancePending');
  return condition?.reason === 'FleetBusy' || condition?.reason === 'FleetStopped';
}

/** The token of `influxaddon.dev/maintain-now`, as much of it as status remembers. */
export function tokenOf({ metadata }: Live<InfluxAddon>): string | undefined {
  return metadata.annotations?.[Annotation.maintainNow]?.slice(0, 253);
}

/** How long a restart of a database may take at worst: what is left of a window has to be longer. */
export const NEEDS_MINUTES = 15;
