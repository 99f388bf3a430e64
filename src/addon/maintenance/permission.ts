import { maintenanceWindowOf } from '../../api/addon-defaults.ts';
import { mayRunNow, type Permission } from '../../maintenance/may-run.ts';
import { NEEDS_MINUTES } from '../../maintenance/fleet.ts';
import { holdForBackup, type Hold } from '../backups/before-upgrade.ts';
import type { Facts } from '../world/facts.ts';
import { tokenOf } from './fleet.ts';
import { DEFAULT_MAINTENANCE, limitsOf } from '../../maintenance/settings.ts';
import type { World } from '../world/world.ts';

export function permissionOf(world: World, deadline: Date | undefined, now: Date): Permission {
  const { addon, fleet, settings } = world;
  return mayRunNow({
    window: maintenanceWindowOf(addon),
    now,
    needsMinutes: NEEDS_MINUTES,
    maintainNow: tokenOf(addon),
    lastHandled: addon.status?.lastHandled?.maintainNow,
    deadline,
    freeze: (settings.maintenance ?? DEFAULT_MAINTENANCE).freeze,
    limits: limitsOf(settings.maintenance),
    fleet,
  });
}

/** What a new version that waits for maintenance needs before that begins. */
export function backupBeforeMaintenance(
  world: World,
  facts: Pick<Facts, 'inForce' | 'openedBy'>,
  now: Date,
): Hold | undefined {
  const pending = world.addon.status?.maintenance?.pending ?? [];
  // A certificate that ends waits for nothing.
  if (pending.some(({ latest }) => latest !== undefined && Date.parse(latest) <= now.getTime()))
    return undefined;
  const waits = pending.find(({ what }) => what.startsWith('version '));
  return waits && holdForBackup(world, facts, waits.what.slice('version '.length), now);
}
