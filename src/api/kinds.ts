import type { Kind } from '../kube/objects/kinds.ts';
import type { CustomKind } from './crd/custom-kind.ts';
import { GROUP, VERSION } from './group.ts';
import { type InfluxAddon as Addon, influxAddonKind } from './influx-addon.ts';
import { type InfluxBackup as Backup, influxBackupKind } from './influx-backup.ts';
import { type InfluxBackupStore as BackupStore, influxBackupStoreKind } from './influx-backup-store.ts';
import { type InfluxPlan as Plan, influxPlanKind } from './influx-plan.ts';
import { type InfluxRestore as Restore, influxRestoreKind } from './influx-restore.ts';
import { type InfluxVersion as Version, influxVersionKind } from './influx-version.ts';

// Each kind is a value for the client, the reflectors and the stores, and the type of its objects, under one name.
export type InfluxAddon = Addon;
export const InfluxAddon: Kind<Addon> = served(influxAddonKind);
export type InfluxPlan = Plan;
export const InfluxPlan: Kind<Plan> = served(influxPlanKind);
export type InfluxVersion = Version;
export const InfluxVersion: Kind<Version> = served(influxVersionKind);
export type InfluxBackupStore = BackupStore;
export const InfluxBackupStore: Kind<BackupStore> = served(influxBackupStoreKind);
export type InfluxBackup = Backup;
export const InfluxBackup: Kind<Backup> = served(influxBackupKind);
export type InfluxRestore = Restore;
export const InfluxRestore: Kind<Restore> = served(influxRestoreKind);

/** Every kind of ours, in the order in which their definitions are written and installed. */
export const customKinds = [
  influxAddonKind,
  influxPlanKind,
  influxVersionKind,
  influxBackupStoreKind,
  influxBackupKind,
  influxRestoreKind,
] as const;

function served({ kind, plural, namespaced }: CustomKind) {
  return { group: GROUP, version: VERSION, plural, kind, namespaced };
}
