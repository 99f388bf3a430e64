import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { pipeline } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import { JobError } from '../job/job-error.ts';
import type { Dump } from './engine-manifest.ts';
import { assertLength, ShardCheck } from './shard-check.ts';
import type { WireCheck } from './wire-check.ts';

const MiB = 1024 ** 2;

/** What the engine's tool is writing. */
export interface DumpSource {
  readonly folder: string;
  /** Shards that are finished while others are not; all of them need not be there. */
  readonly finished: AsyncIterable<string>;
  /** Where the bytes of each shard are put down before its file is removed. */
  readonly removed: Map<string, number>;
  /** What the tool has written, once it has ended well and nothing was found to be wrong with it. */
  readonly whole: () => Promise<Dump>;
  /** What came from the engine. */
  readonly wire: WireCheck;
}

/**
 * The .tar.gz of what the engine's tool writes, each shard as soon as it is finished, the engine's manifest last. The
 * stream fails with BackupTruncated when a shard is not whole. A shard that is in the archive is removed from the folder:
 * the tool does not look at it again, and needs the room for the others. The shards are packed already, so compressing
 * them again would cost time and gain nothing.
 */
export async function* packDump(source: DumpSource): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const gzip = createGzip({ level: constants.Z_NO_COMPRESSION, chunkSize: 256 * 1024 });
  // Its error comes out of the iteration below.
  pipeline(tar, gzip, () => {});
  fill(tar, source).then(
    () => tar.finalize(),
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  try {
    yield* gzip as AsyncIterable<Uint8Array>;
  } finally {
    // What waits for the tool does so until that is ended too, and finds this.
    tar.destroy();
  }
}

async function fill(tar: Pack, { folder, finished, removed, whole, wire }: DumpSource): Promise<void> {
  const packed = new Map<string, { readonly bytes: number; readonly rawBytes: number }>();
  const addShard = async (name: string): Promise<void> => {
    const path = join(folder, name);
    const { size: bytes } = await stat(path);
    const rawBytes = await knownLength(path, bytes, wire.whole(shardId(name)));
    const check = rawBytes === undefined ? new ShardCheck() : undefined;
    await add(tar, path, { name, bytes }, check);
    packed.set(name, { bytes, rawBytes: rawBytes ?? (await check?.end('BackupTruncated')) ?? 0 });
    removed.set(name, bytes);
    // One that cannot be removed takes room, and does no other harm.
    await rm(path).catch(() => {});
  };
  for await (const name of finished) await addShard(name);
  const dump = await whole();
  const shards = dump.files.filter(({ rawBytes }) => rawBytes !== undefined);
  for (const { name } of shards) if (!packed.has(name)) await addShard(name);
  if (packed.size > shards.length)
    throw new JobError(
      'BackupTruncated',
      'The manifest of the engine does not name all shards that it wrote.',
    );
  for (const { name, bytes, rawBytes = 0 } of shards) {
    const was = packed.get(name);
    assertLength(was?.bytes ?? 0, bytes, 'BackupTruncated');
    assertLength(was?.rawBytes ?? 0, rawBytes, 'BackupTruncated');
  }
  for (const file of dump.files.filter(({ rawBytes }) => rawBytes === undefined).toReversed())
    await add(tar, join(folder, file.name), file);
}

/** Of the shard before it was packed, when it is known to be what came whole from the engine; undefined when it isn't. */
async function knownLength(
  path: string,
  bytes: number,
  wire: ReturnType<WireCheck['whole']>,
): Promise<number | undefined> {
  if (wire === undefined || bytes < TRAILER) return undefined;
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(TRAILER), 0, TRAILER, bytes - TRAILER);
  // What gzip says of its content: the checksum, and the length without what exceeds 32 bits.
  const same = buffer.readUInt32LE(0) === wire.crc32 && buffer.readUInt32LE(4) === wire.bytes % 2 ** 32;
  return same ? wire.bytes : undefined;
}

const TRAILER = 8;

function shardId(name: string): number {
  return Number(/\.s(\d+)\.tar\.gz$/.exec(name)?.[1]);
}

async function add(
  tar: Pack,
  path: string,
  { name, bytes }: { readonly name: string; readonly bytes: number },
  check?: ShardCheck,
): Promise<void> {
  const entry = tar.entry({ name, size: bytes, mode: 0o600 });
  // Destroyed with the tar, whose error is the one that counts.
  entry.on('error', () => {});
  for await (const chunk of createReadStream(path, { highWaterMark: MiB })) {
    // Beside each other: looking into a shard takes as long as storing it.
    await Promise.all([check?.write(chunk as Buffer), entry.write(chunk) ? undefined : once(entry, 'drain')]);
  }
  const closed = once(entry, 'close');
  entry.end(null);
  await closed;
}
