import type { FleetCount } from '../../maintenance/fleet.ts';
import { kindOf, PENDING_KINDS, type PendingKind } from '../../maintenance/pending.ts';
import { DEFAULT_MAINTENANCE, limitsOf, type MaintenanceSettings } from '../../maintenance/settings.ts';
import type { Stores } from './stores.ts';
import type { Turns } from '../maintenance/turns.ts';

/** The fleet in numbers. */
export interface MaintenanceFigures extends FleetCount {
  readonly frozen: boolean;
  /** Addons for which something of a kind waits, for every kind that there is. */
  readonly pending: ReadonlyMap<PendingKind, number>;
}

/** Looks at every addon: for a scrape, not for a decision. */
export function maintenanceFigures(
  stores: Pick<Stores, 'addons'>,
  { fleet }: Turns,
  settings: MaintenanceSettings = DEFAULT_MAINTENANCE,
  now: Date,
): MaintenanceFigures {
  const pending = new Map<PendingKind, number>(PENDING_KINDS.map((kind) => [kind, 0]));
  for (const { status } of stores.addons.list()) {
    for (const { what } of status?.maintenance?.pending ?? []) {
      const kind = kindOf(what);
      if (kind !== undefined) pending.set(kind, (pending.get(kind) ?? 0) + 1);
    }
  }
  return { ...fleet.count(limitsOf(settings), now), frozen: settings.freeze, pending };
}
