import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxBackupStore } from '../../api/influx-backup-store.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import type { InForce } from '../../addon/world/facts.ts';
import type { BackupSettings } from '../../backup/settings.ts';
import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import { unitsOf } from '../../kube/objects/quantity.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Task } from './job-state.ts';
import type { Backup } from '../decision/phase.ts';

export type Restore = Live<InfluxRestore>;

/** All that a decision about one restore may look at. */
export interface RestoreWorld {
  readonly restore: Restore;
  readonly namespaceTerminating: boolean;
  readonly addon: Live<InfluxAddon> | undefined;
  /** What the addon's records say that its database runs with. */
  readonly inForce: InForce | undefined;
  /** The claim in force. */
  readonly current: Live<PersistentVolumeClaim> | undefined;
  /** The claim that status names; with an addon that begins with a backup, the claim in force. */
  readonly claim: Live<PersistentVolumeClaim> | undefined;
  /** The claim that the database was on before, as status names it. */
  readonly previous: Live<PersistentVolumeClaim> | undefined;
  /** Name of the claim that the addon's pod has mounted. */
  readonly mounted: string | undefined;
  readonly backup: Backup | undefined;
  /** Of the backup. */
  readonly store: Live<InfluxBackupStore> | undefined;
  readonly task: Task;
  /** All other restores into the addon. */
  readonly others: readonly Restore[];
  readonly settings: BackupSettings;
}

/** Where the private key is, if anywhere. */
export function identityOf({
  restore,
  store,
}: RestoreWorld): { readonly name: string; readonly key: string } | undefined {
  return restore.spec.identityRef ?? store?.spec.encryption?.identityRef;
}

/** Bytes of a claim, as it is or as it was asked for. */
export function sizeOf({ spec, status }: Live<PersistentVolumeClaim>): number {
  const size = status?.capacity?.['storage'] ?? spec?.resources?.requests?.['storage'];
  return size === undefined ? 0 : unitsOf(size);
}
