import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import type { Live } from '../../kube/objects/types.ts';

/** Restores and addons by `namespace/name` of the backup that they still need. */
export const BY_NEEDED_BACKUP = 'needed-backup';

/** A restore needs its backup until it has ended. */
export function neededByRestore({ metadata, spec, status }: Live<InfluxRestore>): string[] {
  const isOver = (status?.completedAt ?? status?.failedAt) !== undefined;
  return isOver ? [] : [`${metadata.namespace}/${spec.backupRef.name}`];
}

/** An addon that is to begin with a backup needs it until it has: an InfluxRestore of its own may be made anew. */
export function neededByAddon({ metadata, spec, status }: Live<InfluxAddon>): string[] {
  const { restoreFrom } = spec;
  if (restoreFrom === undefined || metadata.deletionTimestamp !== undefined) return [];
  if (status?.dataPlane?.revision !== undefined) return [];
  return [`${metadata.namespace}/${restoreFrom.backupRef.name}`];
}
