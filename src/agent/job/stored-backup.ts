import { createHash } from 'node:crypto';
import { backupKeys, type BackupKeys, type BackupLocation } from '../../backup/location.ts';
import {
  backupManifest,
  MAX_MANIFEST_BYTES,
  type BackupCounts,
  type BackupManifest,
} from '../../backup/manifest.ts';
import { DigestTap, type Digest } from '../archive/digest.ts';
import { JobError } from './job-error.ts';
import type { Store } from '../store/store.ts';
import { StoreError } from '../store/store-error.ts';

export interface StoredManifest {
  readonly manifest: BackupManifest;
  /** Of the manifest as it is stored. */
  readonly sha256: string;
  readonly keys: BackupKeys;
}

/**
 * The manifest of a backup; undefined when there is none.
 * @throws JobError BackupForeign when what is there is not that of this backup
 */
export async function readManifest(
  store: Store,
  prefix: string,
  location: BackupLocation,
  signal: AbortSignal,
): Promise<StoredManifest | undefined> {
  const keys = backupKeys(prefix, location);
  const object = await store.get(keys.manifest, signal);
  if (object === undefined) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of object.body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_MANIFEST_BYTES) throw foreign('it is too large');
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw StoreError.from(error);
  }
  const text = Buffer.concat(chunks);
  const manifest = parse(text);
  const same = (['cluster', 'namespace', 'addonId', 'uid'] as const).every(
    (part) => manifest.location[part] === location[part],
  );
  if (!same) throw foreign('it is of another backup');
  return { manifest, sha256: createHash('sha256').update(text).digest('hex'), keys };
}

export function archiveKey(keys: BackupKeys, manifest: Pick<BackupManifest, 'archive'>): string {
  return manifest.archive.file === 'backup.tar.gz' ? keys.archive : keys.encryptedArchive;
}

/** Values of all fields, at least; undefined when they were not counted. */
export function pointsOf(counts: BackupCounts): number | undefined {
  if (counts.verified === 'Sizes') return undefined;
  let points = 0;
  for (const { measurements } of counts.policies)
    for (const { values } of measurements) points += values.atLeast;
  return points;
}

/** Reads an object to its end and says what it was; undefined when there is none. */
export async function digestOf(store: Store, key: string, signal: AbortSignal): Promise<Digest | undefined> {
  const object = await store.get(key, signal);
  if (object === undefined) return undefined;
  const tap = new DigestTap();
  try {
    for await (const _ of tap.through(object.body as AsyncIterable<Buffer>)) signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    throw StoreError.from(error);
  }
  return tap.digest;
}

function parse(text: Buffer): BackupManifest {
  try {
    return backupManifest.parse(JSON.parse(text.toString('utf8')));
  } catch (error) {
    throw foreign('it is not what this release writes', error);
  }
}

function foreign(why: string, cause?: unknown): JobError {
  return new JobError('BackupForeign', `The manifest of the backup cannot be used: ${why}.`, { cause });
}
