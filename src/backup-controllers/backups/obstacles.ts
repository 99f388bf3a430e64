import { backupsOf, isPaused, stateOf } from '../../api/addon-defaults.ts';
import { KEPT } from '../../backup/keep.ts';
import { byAge, kindOf, phaseOf, type Backup } from '../decision/phase.ts';
import { BACKUP_REASON, type BackupReason } from '../decision/reasons.ts';
import type { BackupsWorld } from '../world/world.ts';

export interface Obstacle {
  readonly reason: BackupReason;
  readonly message: string;
  /** It never will. */
  readonly final?: boolean;
  /** It is waited for only so long. */
  readonly patience?: boolean;
}

/** What keeps a backup from being taken now. */
export function inTheWay(world: BackupsWorld, backup: Backup, isFirst: boolean): Obstacle | undefined {
  const { addon, addonName, settings } = world;
  if (addon === undefined) {
    const message = `spec.addonRef: there is no InfluxAddon ${addonName} in this namespace.`;
    return { reason: BACKUP_REASON.addonMissing, message, patience: true };
  }
  const quota = overQuota(world, backup);
  if (quota !== undefined) return { reason: BACKUP_REASON.quotaExceeded, message: quota, final: true };
  const store = backupsOf(addon)?.store;
  if (store === undefined) {
    const message = `InfluxAddon ${addonName} names no store: set its spec.backups.storeRef.`;
    return { reason: BACKUP_REASON.noStore, message, patience: true };
  }
  if (!world.stores.has(store)) {
    const message = `There is no InfluxBackupStore ${store} in this namespace, which spec.backups.storeRef of InfluxAddon ${addonName} names.`;
    return { reason: BACKUP_REASON.storeMissing, message, patience: true };
  }
  if (settings.image === undefined) {
    const message = 'The operator was started without --job-image, and makes no Jobs.';
    return { reason: BACKUP_REASON.noJobImage, message, patience: true };
  }
  if (isPaused(addon))
    return { reason: BACKUP_REASON.waiting, message: 'influxaddon.dev/paused is set on the addon.' };
  if (stateOf(addon) === 'Stopped') {
    const message = `InfluxAddon ${addonName} is Stopped: there is no database to ask.`;
    return { reason: BACKUP_REASON.databaseNotRunning, message, patience: true };
  }
  if (world.reach === undefined || addon.status?.id === undefined || world.cluster === undefined) {
    const message = `Waiting for the database of InfluxAddon ${addonName} to run.`;
    return { reason: BACKUP_REASON.databaseNotRunning, message, patience: true };
  }
  if (!isFirst)
    return { reason: BACKUP_REASON.waiting, message: 'Waiting for another backup of this addon to end.' };
  if (world.busy >= settings.atOnce) {
    const message = `Waiting for its turn: ${settings.atOnce} backups are being taken (--backups-at-once).`;
    return { reason: BACKUP_REASON.waiting, message };
  }
  return undefined;
}

/** The sentence for a backup by hand beyond what the class of the plan keeps of them. */
function overQuota({ addon, backups, planClass }: BackupsWorld, backup: Backup): string | undefined {
  if (kindOf(backup) !== 'Manual' || planClass === undefined) return undefined;
  // Then the oldest goes, once the new one is whole.
  if (addon !== undefined && backupsOf(addon)?.rolling) return undefined;
  const limit = KEPT[planClass].manual;
  const before = backups.filter(
    (each) =>
      kindOf(each) === 'Manual' &&
      each.metadata.deletionTimestamp === undefined &&
      phaseOf(each) !== 'Failed' &&
      each.status?.source === undefined &&
      each.status?.sourceSecret === undefined &&
      (each.status?.addon?.id ?? addon?.status?.id) === addon?.status?.id &&
      byAge(each, backup) < 0,
  ).length;
  return before < limit
    ? undefined
    : `InfluxAddon ${addon?.metadata.name} has ${before} backups made by hand, and a plan of the class ${planClass} keeps ${limit}: delete one, then make this one anew, or set spec.backups.quota to Rolling.`;
}
