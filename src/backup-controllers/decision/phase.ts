import { Annotation } from '../../api/annotations.ts';
import type { InfluxBackup, InfluxBackupStatus } from '../../api/influx-backup.ts';
import { hashOf } from '../../addon/world/hash.ts';
import { InfluxBackup as InfluxBackupKind } from '../../api/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import { given } from '../../kube/objects/given.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Announcement, TaskAction } from './action.ts';
import { conditionsFor, type Standing } from './conditions.ts';
import { LISTED } from '../../addon/world/names.ts';

export type Backup = Live<InfluxBackup>;

/** How far a backup is. `New`: nothing has been done about it. `Expired`: it was decided that it goes. */
export type Phase = 'New' | 'Listed' | 'Imported' | 'Running' | 'Completed' | 'Failed' | 'Expired';

export function phaseOf({ metadata, status }: Backup): Phase {
  if (status?.expiredAt !== undefined) return 'Expired';
  if (status?.failedAt !== undefined) return 'Failed';
  if (status?.completedAt !== undefined) return 'Completed';
  if (status?.startedAt !== undefined) return 'Running';
  const { annotations = {} } = metadata;
  if ((annotations[Annotation.import] ?? annotations[Annotation.importFrom]) !== undefined) return 'Imported';
  return metadata.annotations?.[LISTED] === undefined ? 'New' : 'Listed';
}

export function kindOf({ spec }: Pick<InfluxBackup, 'spec'>): NonNullable<InfluxBackup['spec']['kind']> {
  return spec.kind ?? 'Manual';
}

/** Of one that was found in a store it is not known for whom. */
export function isEncrypted({ status }: Pick<InfluxBackup, 'status'>): boolean {
  return status?.encrypted === true || (status?.recipients ?? []).length > 0;
}

/** The oldest first; of one second by name, so that everybody agrees. */
export function byAge(a: Backup, b: Backup): number {
  const at = (backup: Backup) => backup.metadata.creationTimestamp ?? '';
  return at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Writes the status with these fields changed (undefined takes one away); undefined when nothing would change. */
export function statusAction(
  backup: Backup,
  change: { readonly [K in keyof InfluxBackupStatus]?: InfluxBackupStatus[K] | undefined },
  standing: Standing,
  now: Date,
  events: readonly Announcement[] = [],
): TaskAction | undefined {
  const status = given({
    ...backup.status,
    ...change,
    observedGeneration: backup.metadata.generation ?? 0,
    conditions: conditionsFor(backup, standing, now),
  });
  if (hashOf(status) === hashOf(backup.status ?? {})) return undefined;
  return { do: 'status', kind: InfluxBackupKind as Kind<KubeObject>, live: backup, status, events };
}
