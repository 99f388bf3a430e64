import { rfc3339 } from '../../api/time.ts';
import { Annotation } from '../../api/annotations.ts';
import { STORE_PREFIX } from '../../backup/location.ts';
import type { TaskAction } from '../decision/action.ts';
import { statusAction, type Backup } from '../decision/phase.ts';
import { BACKUP_REASON } from '../decision/reasons.ts';

const MAX_KEY = 1024;
const OBJECT_NAME = /^[a-z0-9][-a-z0-9.]{0,252}$/;

/**
 * The InfluxBackup stands for a file that somebody put into a store: a `.tar.gz` of `influxd backup -portable`, such as
 * the hosted product offers for download, or the same encrypted with age. Nothing is taken, and nothing of it is ever
 * deleted; what it holds is looked at when it is restored.
 * Or for a database that runs elsewhere, whose URL is in a Secret of the namespace: it is read when it is restored.
 */
export function take(backup: Backup, now: Date): TaskAction | undefined {
  const { annotations = {} } = backup.metadata;
  const secret = annotations[Annotation.importFrom];
  if (secret !== undefined) return takeRunning(backup, secret, annotations[Annotation.import], now);
  const [store = '', ...rest] = (annotations[Annotation.import] ?? '').split('/');
  const key = rest.join('/');
  if (!OBJECT_NAME.test(store) || key === '' || key.length > MAX_KEY || !STORE_PREFIX.test(key)) {
    const message = `The annotation ${Annotation.import} has to be the name of an InfluxBackupStore, "/", and the key of a .tar.gz below its prefix.`;
    return refused(backup, message, now);
  }
  const at = rfc3339(now);
  const message = `It is the object ${key} in InfluxBackupStore ${store}, which is looked at when it is restored.`;
  const standing = { ready: true, stalled: false, reason: BACKUP_REASON.completed, message };
  return statusAction(backup, { store: { name: store }, source: key, completedAt: at }, standing, now);
}

function takeRunning(
  backup: Backup,
  secret: string,
  file: string | undefined,
  now: Date,
): TaskAction | undefined {
  if (!OBJECT_NAME.test(secret) || file !== undefined) {
    const message = `The annotation ${Annotation.importFrom} has to be the name of a Secret in this namespace, without ${Annotation.import} beside it.`;
    return refused(backup, message, now);
  }
  const message = `It is the running database whose URL is in the Secret ${secret}, which is copied when it is restored.`;
  const standing = { ready: true, stalled: false, reason: BACKUP_REASON.completed, message };
  const completedAt = rfc3339(now);
  return statusAction(backup, { sourceSecret: secret, completedAt }, standing, now);
}

function refused(backup: Backup, message: string, now: Date): TaskAction | undefined {
  const standing = { ready: false, stalled: true, reason: BACKUP_REASON.importRefused, message };
  return statusAction(backup, {}, standing, now);
}
