import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { decrypt } from '../age.ts';
import { readIdentities, type JobContext } from '../job/job-context.ts';
import { JobError } from '../job/job-error.ts';
import { StoreError } from '../store/store-error.ts';
import { DigestTap, type Digest } from './digest.ts';
import { readDump, type Dump } from './engine-manifest.ts';
import { assertLength, ShardCheck } from './shard-check.ts';
import { unpackDump } from './unpack.ts';

/** Where an archive is, and what is known of it. */
export interface ArchiveSource {
  readonly key: string;
  readonly encrypted: boolean;
  /** Of the object; without it the shards are looked at instead. */
  readonly digest?: Digest;
}

/** Fetches, decrypts and unpacks it into <scratch>/dump, nothing of its size in memory. @throws JobError */
export async function fetchDump(
  context: JobContext,
  { key, encrypted, digest }: ArchiveSource,
): Promise<Dump> {
  const { store, files, signal } = context;
  const identities = encrypted ? await readIdentities(files) : undefined;
  if (encrypted && identities === undefined)
    throw new JobError('IdentityMissing', 'The backup is encrypted, and no identity to decrypt it is given.');
  const object = await store.get(key, signal);
  if (object === undefined) throw new JobError('BackupCorrupt', 'The archive is not in the store any more.');
  if (digest !== undefined && object.bytes !== digest.bytes)
    throw new JobError('BackupCorrupt', `The archive has ${object.bytes} bytes, of ${digest.bytes}.`);
  const tap = new DigestTap();
  const folder = join(files.scratch, 'dump');
  const sealed = tap.through(guarded(object.body as AsyncIterable<Uint8Array>));
  const archive = identities === undefined ? sealed : decrypt(sealed, identities);
  await unpackDump(archive, folder, signal);
  if (digest !== undefined && tap.digest.sha256 !== digest.sha256)
    throw new JobError('BackupCorrupt', 'The archive is not the one that was stored: its checksum differs.');
  const dump = await readDump(folder, 'BackupCorrupt');
  if (digest === undefined) await checkShards(folder, dump);
  return dump;
}

async function checkShards(folder: string, dump: Dump): Promise<void> {
  for (const { name, rawBytes } of dump.files) {
    if (rawBytes === undefined) continue;
    const check = new ShardCheck();
    for await (const chunk of createReadStream(join(folder, name))) await check.write(chunk as Buffer);
    assertLength(await check.end('BackupCorrupt'), rawBytes, 'BackupCorrupt');
  }
}

/** A connection that breaks off is the store's fault, not the archive's. */
async function* guarded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw StoreError.from(error);
  }
}
