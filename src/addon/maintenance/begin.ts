import { MAINTENANCE_REASON } from '../../api/reasons.ts';
import { backupBeforeMaintenance } from './permission.ts';
import { isUnderWay } from '../backups/write-stop.ts';
import { acting, resting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Facts } from '../world/facts.ts';
import { rfc3339 } from '../../api/time.ts';
import { inWords } from '../../maintenance/pending.ts';
import { permissionOf } from './permission.ts';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import { setCondition } from '../../kube/objects/conditions.ts';
import { deadlineOf, mayBegin, tokenOf } from './fleet.ts';
import type { World } from '../world/world.ts';

/** The status that says that maintenance begins now, which is what begins it; undefined while it is not its time. */
export function beginning(world: World, now: Date): InfluxAddonStatus | undefined {
  const { addon } = world;
  const { status } = addon;
  const { startedAt, pending = [] } = status?.maintenance ?? {};
  if (status === undefined || startedAt !== undefined || pending.length === 0 || !mayBegin(addon, now))
    return undefined;
  if (!permissionOf(world, deadlineOf(addon), now).run) return undefined;
  const token = tokenOf(addon);
  const condition = {
    type: 'MaintenancePending',
    status: 'True' as const,
    reason: MAINTENANCE_REASON.running,
    message: `${inWords(pending)}: under way since ${rfc3339(now)}`,
    observedGeneration: addon.metadata.generation ?? 0,
  };
  return {
    ...status,
    maintenance: { ...status.maintenance, startedAt: now.toISOString() },
    ...(token === undefined ? {} : { lastHandled: { ...status.lastHandled, maintainNow: token } }),
    conditions: [...setCondition(status.conditions ?? [], condition, now.getTime())] as NonNullable<
      InfluxAddonStatus['conditions']
    >,
  };
}

/** What waits for maintenance begins now: the status that says so is what begins it. */
export function beginStep({
  world,
  facts,
  leaving,
  now,
}: Scene & { readonly facts: Facts; readonly leaving: Refusal | undefined }): Outcome | undefined {
  // Whoever waits for the volume to be saved, or to be replaced, has it started anew afterwards.
  const waits = leaving !== undefined || world.restores.some(isUnderWay);
  const status = waits ? undefined : beginning(world, now);
  if (status === undefined) return undefined;
  const hold = backupBeforeMaintenance(world, facts, now);
  if (hold?.action !== undefined) return acting([hold.action]);
  return hold === undefined ? { ...resting({ requeueAfterMs: 50 }), status } : undefined;
}
