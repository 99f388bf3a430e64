import { backupsOf, isPaused, stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { InfluxBackup } from '../../api/kinds.ts';
import { ADDON_LABEL, MANAGED_BY } from '../../addon/world/names.ts';
import { dueSlot, nextSlot, scheduledName } from '../../backup/schedule.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { TaskAction } from '../decision/action.ts';
import { SLOT_LABEL } from '../world/labels.ts';
import { kindOf } from '../decision/phase.ts';
import type { BackupsWorld } from '../world/world.ts';

/** Makes the InfluxBackup of the turn that has come, once; else says when the next one comes. */
export function dueStep(
  world: BackupsWorld,
  now: Date,
): { action: TaskAction | undefined; wakeMs: number | undefined } {
  const { addon, backups } = world;
  const hour = addon && backupsOf(addon)?.dailyHour;
  if (addon === undefined || hour === undefined || !isInOperation(addon)) return NOTHING;
  const { uid, creationTimestamp = '' } = addon.metadata;
  const scheduled = backups.filter((backup) => kindOf(backup) === 'Scheduled');
  const times = scheduled
    .map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''))
    .filter(Number.isFinite);
  const taken = {
    days: new Set(scheduled.map(({ metadata }) => metadata.labels?.[SLOT_LABEL] ?? '')),
    lastTakenAt: times.length === 0 ? undefined : new Date(Math.max(...times)),
  };
  const slot = dueSlot({ hour, uid, since: new Date(creationTimestamp) }, taken, now);
  const wakeMs = nextSlot(now, hour, uid).at.getTime() - now.getTime();
  const name = slot && scheduledName(addon.metadata.name, uid, slot);
  if (slot === undefined || name === undefined || world.isTaken(name)) return { action: undefined, wakeMs };
  const object = {
    metadata: {
      name,
      namespace: world.namespace,
      labels: {
        'app.kubernetes.io/managed-by': MANAGED_BY,
        [ADDON_LABEL]: addon.metadata.name,
        [SLOT_LABEL]: slot.id,
      },
    },
    // Retain: a backup goes by the rule that keeps so many, and not because somebody deleted its object.
    spec: { addonRef: { name: addon.metadata.name }, kind: 'Scheduled', deletionPolicy: 'Retain' },
  } as KubeObject;
  return { action: { do: 'create', kind: InfluxBackup as Kind<KubeObject>, object }, wakeMs };
}

const NOTHING = { action: undefined, wakeMs: undefined };

/** There is a database, and its user wants it to run. */
function isInOperation(addon: Live<InfluxAddon>): boolean {
  return (
    addon.metadata.deletionTimestamp === undefined &&
    !isPaused(addon) &&
    stateOf(addon) === 'Running' &&
    addon.status?.dataPlane?.verifiedAt !== undefined
  );
}
