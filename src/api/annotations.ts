import { GROUP } from './group.ts';

/** What a user may write on an addon. A token is any string; a new one asks once, and `status.lastHandled` remembers it. */
export const Annotation = {
  /** "true" stops everything but the release of finalizers under Retain. */
  paused: `${GROUP}/paused`,
  /** A new token rotates the credentials. */
  rotate: `${GROUP}/rotate`,
  /** A new token restarts the database once. */
  restart: `${GROUP}/restart`,
  /** A new token runs what waits for the maintenance window. */
  maintainNow: `${GROUP}/maintain-now`,
  /** `<policy>=<new duration>` or `<policy>=removed`, with commas between: what may be lost by such a change. */
  allowDataLoss: `${GROUP}/allow-data-loss`,
  /** On an InfluxBackupStore: a new token lists it, and makes the InfluxBackups that are missing. */
  list: `${GROUP}/list`,
  /** On an InfluxBackup: `<store>/<key>` of a file that somebody put into the store; nothing is taken. */
  import: `${GROUP}/import`,
  /** On an InfluxBackup: the name of a Secret with the URL of a running database; nothing is taken, and it is copied when it is restored. */
  importFrom: `${GROUP}/import-from`,
  /** The version for which the backup before the upgrade is skipped. */
  skipBackup: `${GROUP}/skip-backup`,
  /** The UID of a volume claim that is lost, or is being deleted: an empty volume may take its place. */
  startEmpty: `${GROUP}/start-empty`,
} as const;
