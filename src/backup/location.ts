import { z } from 'zod';

/**
 * Where one backup lies in its store. Made of identifiers that nobody can choose freely: two clusters, namespaces,
 * addons or backups that share a bucket and a prefix never meet in one key, so none can delete another's.
 */
export const backupLocation = z.strictObject({
  /** Identifies the cluster: the UID of its namespace kube-system. */
  cluster: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  namespace: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/),
  /** `status.id` of the addon, which is the name of its database: `my_app_3707`. */
  addonId: z.string().regex(/^[a-z0-9_]{1,63}$/),
  /** UID of the InfluxBackup. */
  uid: z.string().regex(/^[a-z0-9][a-z0-9-]{7,63}$/),
});

export type BackupLocation = z.output<typeof backupLocation>;

/** What people write in front of the keys: folders without `.` and `..`, no slash at either end; empty for none. */
export const STORE_PREFIX = /^(?!.*(^|\/)\.{1,2}(\/|$))([A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*)?$/;

export interface BackupKeys {
  /** Everything of this backup lies below it, and nothing else does. Ends in a slash. */
  readonly folder: string;
  /** The .tar.gz that `influxd restore -portable` takes, unpacked. */
  readonly archive: string;
  /** The same as `age -d` takes it. A backup has one of the two. */
  readonly encryptedArchive: string;
  /** Written last: what has no manifest is no backup. */
  readonly manifest: string;
}

/** @throws ZodError for anything that could lead out of its folder */
export function backupKeys(prefix: string, location: BackupLocation): BackupKeys {
  if (!STORE_PREFIX.test(prefix))
    throw new RangeError('the prefix of the store is not a path of plain names');
  const { cluster, namespace, addonId, uid } = backupLocation.parse(location);
  const folder = `${namespaceFolder(prefix, cluster, namespace)}${addonId}/${uid}/`;
  return {
    folder,
    archive: `${folder}backup.tar.gz`,
    encryptedArchive: `${folder}backup.tar.gz.age`,
    manifest: `${folder}manifest.json`,
  };
}

function namespaceFolder(prefix: string, cluster: string, namespace: string): string {
  return `${prefix === '' ? '' : `${prefix}/`}${cluster}/${namespace}/`;
}

/** The location that a key of a manifest says; undefined for any other key. */
export function locationOfManifest(prefix: string, key: string): BackupLocation | undefined {
  const start = prefix === '' ? '' : `${prefix}/`;
  if (!key.startsWith(start)) return undefined;
  const [cluster, namespace, addonId, uid, name, ...rest] = key.slice(start.length).split('/');
  if (name !== 'manifest.json' || rest.length > 0) return undefined;
  return backupLocation.safeParse({ cluster, namespace, addonId, uid }).data;
}
