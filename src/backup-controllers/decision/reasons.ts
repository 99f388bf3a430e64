import type { JobFailureReason } from '../../backup/results.ts';

/** Reasons of the Ready condition of an InfluxBackup, beside those of a Job that failed. */
export const BACKUP_REASON = {
  waiting: 'Waiting',
  running: 'Running',
  retrying: 'Retrying',
  completed: 'Completed',
  expiring: 'Expiring',
  deleting: 'Deleting',
  addonMissing: 'AddonMissing',
  addonChanged: 'AddonChanged',
  noStore: 'NoStore',
  storeMissing: 'StoreMissing',
  quotaExceeded: 'QuotaExceeded',
  databaseNotRunning: 'DatabaseNotRunning',
  noJobImage: 'NoJobImage',
  jobLost: 'JobLost',
  importRefused: 'ImportRefused',
  checking: 'Checking',
  listing: 'Listing',
  ready: 'Ready',
} as const;
export type BackupReason = (typeof BACKUP_REASON)[keyof typeof BACKUP_REASON] | JobFailureReason;

/** Reasons of the Ready condition of an InfluxRestore, beside those of a Job that failed. */
export const RESTORE_REASON = {
  waiting: 'Waiting',
  running: 'Running',
  retrying: 'Retrying',
  switching: 'Switching',
  completed: 'Completed',
  addonMissing: 'AddonMissing',
  backupMissing: 'BackupMissing',
  backupNotWhole: 'BackupNotWhole',
  storeMissing: 'StoreMissing',
  writesNotStopped: 'WritesNotStopped',
  volumeRefused: 'VolumeRefused',
  jobRefused: 'JobRefused',
  notConfirmed: 'NotConfirmed',
  noJobImage: 'NoJobImage',
  jobLost: 'JobLost',
} as const;
export type RestoreReason = (typeof RESTORE_REASON)[keyof typeof RESTORE_REASON] | JobFailureReason;

export const RESTORE_EVENT = {
  started: 'RestoreStarted',
  completed: 'RestoreCompleted',
  failed: 'RestoreFailed',
  retrying: 'RestoreRetrying',
} as const;

/** Reasons of the events of the kinds about backups. */
export const BACKUP_EVENT = {
  started: 'BackupStarted',
  completed: 'BackupCompleted',
  failed: 'BackupFailed',
  retrying: 'BackupRetrying',
  expiring: 'BackupExpiring',
  expired: 'BackupExpired',
  drilled: 'DrillCompleted',
  drillFailed: 'DrillFailed',
} as const;
