import { backupKeys, locationOfManifest } from '../../backup/location.ts';
import {
  MAX_RESULT_BYTES,
  type CheckJobSpec,
  type DeleteJobSpec,
  type ListJobSpec,
} from '../../backup/protocol.ts';
import { type JobResult, type ListEntry } from '../../backup/results.ts';
import type { JobContext } from './job-context.ts';
import { JobError } from './job-error.ts';
import { digestOf, pointsOf, readManifest } from './stored-backup.ts';

/** Removes one backup: its manifest first, so that a half deleted one counts as none. */
export async function deleteBackup(
  { store: { prefix }, location }: DeleteJobSpec,
  { store, signal }: JobContext,
): Promise<JobResult> {
  const { folder, manifest } = backupKeys(prefix, location);
  let objects = 0;
  const keys: string[] = [];
  for await (const { key } of store.list(folder, undefined, signal)) keys.push(key);
  if (keys.includes(manifest)) {
    await store.delete(manifest, signal);
    objects += 1;
  }
  for (const key of keys) {
    if (key === manifest) continue;
    await store.delete(key, signal);
    objects += 1;
  }
  await store.sweep(folder, signal);
  return { ok: true, operation: 'delete', objects };
}

/** The backups of a namespace, as many as fit into a termination message. Those of a newer release are left out. */
export async function listBackups(
  { store: { prefix }, namespace, after }: ListJobSpec,
  { store, signal, log }: JobContext,
): Promise<JobResult> {
  const backups: ListEntry[] = [];
  let last = after;
  for await (const { key } of store.list(prefix === '' ? '' : `${prefix}/`, after, signal)) {
    const location = locationOfManifest(prefix, key);
    if (location?.namespace !== namespace) continue;
    const entry = await entryOf(key, prefix, location, { store, signal, log });
    if (entry !== undefined) {
      const result = { ok: true, operation: 'list', backups: [...backups, entry], next: key };
      if (backups.length > 0 && Buffer.byteLength(JSON.stringify(result)) > MAX_RESULT_BYTES)
        return { ok: true, operation: 'list', backups, ...(last === undefined ? {} : { next: last }) };
      backups.push(entry);
    }
    last = key;
  }
  return { ok: true, operation: 'list', backups };
}

async function entryOf(
  key: string,
  prefix: string,
  location: ListEntry['location'],
  { store, signal, log }: Pick<JobContext, 'store' | 'signal' | 'log'>,
): Promise<ListEntry | undefined> {
  try {
    const stored = await readManifest(store, prefix, location, signal);
    if (stored === undefined) return undefined;
    const { manifest, sha256: manifestSha256 } = stored;
    const { name, kind, addon, engineVersion, startedAt, completedAt, archive, dataBytes } = manifest;
    const points = pointsOf(manifest.counts);
    return {
      location,
      manifestSha256,
      name,
      kind,
      addonName: addon.name,
      addonUid: addon.uid,
      plan: addon.plan,
      class: addon.class,
      engineVersion,
      startedAt,
      completedAt,
      bytes: archive.bytes,
      dataBytes,
      ...(points === undefined ? {} : { points }),
      encrypted: archive.file === 'backup.tar.gz.age',
    };
  } catch (error) {
    if (!(error instanceof JobError) || error.reason !== 'BackupForeign') throw error;
    log('left out a backup', { key });
    return undefined;
  }
}

/** Writes, reads back, lists and deletes a small object, and lists half-done uploads: each backup does all of that. */
export async function checkStore(
  { store: { prefix } }: CheckJobSpec,
  { store, signal, now }: JobContext,
): Promise<JobResult> {
  const folder = `${prefix === '' ? '' : `${prefix}/`}.check/`;
  const key = `${folder}${now().getTime()}-${process.pid}`;
  const content = Buffer.from('written to see whether it can be read\n');
  const body = async function* () {
    yield content;
  };
  await store.put(key, body(), content.length, signal);
  const back = await digestOf(store, key, signal);
  let listed = false;
  for await (const object of store.list(folder, undefined, signal)) listed ||= object.key === key;
  await store.delete(key, signal);
  // Of nobody else's: below a key that only this check has.
  await store.sweep(`${key}/`, signal);
  if (back?.bytes !== content.length || !listed)
    throw new JobError('ReadBackDiffers', 'The store does not give back what was written.');
  return { ok: true, operation: 'check' };
}
