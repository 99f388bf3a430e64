import { GROUP } from './group.ts';

/** What a user may write on an addon. A token is any string; a new one asks once, and `status.lastHandled` remembers it. */
export const Annotation = {
  /** "true" stops everything but the release of finalizers under Retain. */
  paused: `${GROUP}/paused`,
  /** A new token rotates the credentials. */
  rotate: `${GROUP}/rotate`,
  /** A new token runs what waits for the maintenance window. */
  maintainNow: `${GROUP}/maintain-now`,
  /** The name of the retention policy that may be shortened or removed. */
  allowDataLoss: `${GROUP}/allow-data-loss`,
  /** The version for which the backup before the upgrade is skipped. */
  skipBackup: `${GROUP}/skip-backup`,
} as const;
