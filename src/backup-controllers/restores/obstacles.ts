import { lt, valid } from 'semver';
import { isPaused } from '../../api/addon-defaults.ts';
import { sizeInWords } from '../../backup/size.ts';
import { isTold } from '../../addon/volume/lost.ts';
import { isEncrypted } from '../decision/phase.ts';
import { RESTORE_REASON, type RestoreReason } from '../decision/reasons.ts';
import { identityOf, sizeOf, type Restore, type RestoreWorld } from '../world/restore-world.ts';

export interface Obstacle {
  readonly reason: RestoreReason;
  readonly message: string;
  readonly final?: boolean;
  readonly patience?: boolean;
}

/** What keeps a restore from being begun: everything that can be told is told before anything is touched. */
export function inTheWay(world: RestoreWorld): Obstacle | undefined {
  const { restore, addon, backup, store, inForce, current, others, settings } = world;
  const { spec } = restore;
  if (addon === undefined) {
    const message = `spec.addonRef: there is no InfluxAddon ${spec.addonRef.name} in this namespace. To make a new one from a backup, make an InfluxAddon with spec.restoreFrom.`;
    return { reason: RESTORE_REASON.addonMissing, message, patience: true };
  }
  const id = addon.status?.id;
  // A lost volume is what a restore is for.
  if (id === undefined || inForce === undefined || (current === undefined && !isTold(addon.status)))
    return {
      reason: RESTORE_REASON.addonMissing,
      message: 'Waiting for the addon to have a volume.',
      patience: true,
    };
  if (spec.overwrite !== id) {
    const message = `spec.overwrite: ${spec.overwrite} is not the id of InfluxAddon ${addon.metadata.name}, which is ${id}.`;
    return { reason: RESTORE_REASON.notConfirmed, message, final: true };
  }
  if (backup === undefined) {
    const message = `spec.backupRef: there is no InfluxBackup ${spec.backupRef.name} in this namespace.`;
    return { reason: RESTORE_REASON.backupMissing, message, patience: true };
  }
  const { status } = backup;
  const place = status?.location ?? status?.source ?? status?.sourceSecret;
  if (status?.completedAt === undefined || place === undefined) {
    const name = `InfluxBackup ${backup.metadata.name}`;
    if (status?.failedAt !== undefined)
      return {
        reason: RESTORE_REASON.backupNotWhole,
        message: `spec.backupRef: ${name} failed.`,
        final: true,
      };
    return { reason: RESTORE_REASON.waiting, message: `Waiting for ${name} to be completed.` };
  }
  if (store === undefined && status.sourceSecret === undefined) {
    const message = `There is no InfluxBackupStore ${status.store?.name}, which the backup is in.`;
    return { reason: RESTORE_REASON.storeMissing, message, patience: true };
  }
  if (isEncrypted(backup) && identityOf(world) === undefined) {
    const message = `The backup is encrypted: spec.identityRef, or spec.encryption.identityRef of InfluxBackupStore ${status.store?.name}, has to name the Secret with the private key.`;
    return { reason: 'IdentityMissing', message, final: true };
  }
  const version = status.addon?.version;
  if (valid(version) !== null && version !== undefined && lt(inForce.version.name, version)) {
    const message = `The backup is of version ${version}, and the addon has ${inForce.version.name}: upgrade it first.`;
    return { reason: 'EngineTooOld', message, final: true };
  }
  const room = current === undefined ? 0 : sizeOf(current);
  if (status.rawBytes !== undefined && room > 0 && status.rawBytes > room) {
    const message = `The backup holds ${sizeInWords(status.rawBytes)}, and the volume has room for ${sizeInWords(room)}: choose a larger plan first.`;
    return { reason: 'TargetTooSmall', message, final: true };
  }
  if (settings.image === undefined) {
    const message = 'The operator was started without --job-image, and makes no Jobs.';
    return { reason: RESTORE_REASON.noJobImage, message, patience: true };
  }
  if (isPaused(addon))
    return { reason: RESTORE_REASON.waiting, message: 'influxaddon.dev/paused is set on the addon.' };
  if (others.some((other) => isUnderWay(other) || (isNew(other) && isBefore(other, restore))))
    return { reason: RESTORE_REASON.waiting, message: 'Waiting for another restore into this addon to end.' };
  return undefined;
}

function isUnderWay({ status }: Restore): boolean {
  return status?.startedAt !== undefined && status.completedAt === undefined && status.failedAt === undefined;
}

function isNew({ status }: Restore): boolean {
  return status?.startedAt === undefined && status?.failedAt === undefined;
}

function isBefore(a: Restore, b: Restore): boolean {
  const [at, bt] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  return at < bt || (at === bt && a.metadata.name < b.metadata.name);
}
