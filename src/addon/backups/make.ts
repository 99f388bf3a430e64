import { InfluxBackup } from '../../api/kinds.ts';
import type { BackupKind } from '../../api/influx-backup.ts';
import { mark } from '../../backup/schedule.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import type { CreateAction } from '../decision/action.ts';
import { keptMeta } from '../world/names.ts';
import type { World, Backup } from '../world/world.ts';

/**
 * An InfluxBackup before something dangerous. Its name follows from the one before it, so that a crash makes no second
 * one and a failure can be followed by another.
 */
export function makeBackup(
  { addon }: Pick<World, 'addon'>,
  kind: Extract<BackupKind, 'BeforeUpgrade' | 'Final'>,
  previous: Backup | undefined,
): CreateAction {
  const { name, uid } = addon.metadata;
  const infix = kind === 'Final' ? 'final' : 'before-upgrade';
  const object = {
    metadata: keptMeta(addon, `${name}-${infix}-${mark(`${uid} ${previous?.metadata.uid ?? ''}`)}`),
    spec: { addonRef: { name }, kind, deletionPolicy: 'Retain' },
  };
  return { do: 'create', kind: InfluxBackup as Kind<KubeObject>, object };
}

/** Those of one kind that were made for this very addon, the oldest first. */
export function madeFor({ addon, backups }: Pick<World, 'addon' | 'backups'>, kind: BackupKind): Backup[] {
  const since = Date.parse(addon.metadata.creationTimestamp ?? '') || 0;
  const at = ({ metadata }: Backup) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  return backups.all
    .filter(({ spec, metadata }) => spec.kind === kind && metadata.deletionTimestamp === undefined)
    .filter((backup) => at(backup) >= since)
    .toSorted((a, b) => at(a) - at(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
}
