import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PATIENCE_MS } from '../../../test/patience.ts';
import { readDump } from './engine-manifest.ts';
import { finishedShards } from './finished-shards.ts';
import { packDump } from './pack.ts';
import { WireCheck } from './wire-check.ts';

const BASE = '20260131T000102Z';
let folder: string;
let wire: WireCheck;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dump-'));
  wire = new WireCheck();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function tarOf(bytes: number): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'db/autogen/1/1.tsm' }, randomBytes(bytes));
  tar.finalize();
  return bytesOf(tar as AsyncIterable<Uint8Array>);
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** As the engine's tool does it: fetched, kept as it is, packed, the first removed. */
async function writeShard(id: number, raw: Buffer): Promise<void> {
  const plain = join(folder, `db.autogen.${String(id).padStart(5, '0')}.00`);
  const { asked, answered, ended } = wire.connection();
  asked(Buffer.from(`\x03\x00${JSON.stringify({ ShardID: id })}\n`));
  answered(raw);
  await writeFile(`${plain}.pending`, raw);
  ended();
  await rename(`${plain}.pending`, plain);
  await writeFile(join(folder, `${BASE}.s${id}.tar.gz`), gzipSync(raw));
  await rm(plain);
}

async function writeManifest(sizes: ReadonlyMap<number, number>): Promise<void> {
  await writeFile(join(folder, `${BASE}.meta`), 'meta');
  const files = [...sizes].map(([shardID, size]) => ({
    database: 'db',
    policy: 'autogen',
    shardID,
    fileName: `${BASE}.s${shardID}.tar.gz`,
    size,
  }));
  await writeFile(
    join(folder, `${BASE}.manifest`),
    JSON.stringify({ meta: { fileName: `${BASE}.meta` }, files }),
  );
}

/** Packs while `tool` writes; `early`: what was packed before it ended. @returns names of the files, in their order */
async function packed(tool: Promise<void>, early = new Set<string>()): Promise<string[]> {
  tool.catch(() => {});
  const removed = new Map<string, number>();
  const whole = async () => {
    await tool;
    return readDump(folder, 'BackupTruncated', removed);
  };
  const finished = async function* () {
    for await (const name of finishedShards(folder, tool)) {
      early.add(name);
      yield name;
    }
  };
  const archive = await bytesOf(packDump({ folder, finished: finished(), removed, whole, wire }));
  const names: string[] = [];
  const tar = extract();
  Readable.from([gunzipSync(archive)]).pipe(tar);
  for await (const entry of tar) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

describe('what the tool writes is packed', () => {
  it('shard by shard, and the manifest last', async () => {
    const early = new Set<string>();
    const write = async (): Promise<void> => {
      const sizes = new Map<number, number>();
      for (const id of [7, 3, 12]) {
        const raw = await tarOf(200_000);
        sizes.set(id, raw.length);
        await writeShard(id, raw);
        // Those that are finished between two looks come in no order.
        await vi.waitUntil(() => early.has(`${BASE}.s${id}.tar.gz`), { timeout: PATIENCE_MS });
      }
      await writeManifest(sizes);
    };
    expect(await packed(write(), early)).toEqual(
      ['s7.tar.gz', 's3.tar.gz', 's12.tar.gz', 'meta', 'manifest'].map((name) => `${BASE}.${name}`),
    );
  });

  it('and each shard is removed before the tool has ended, nothing else', async () => {
    const sizes = new Map<number, number>();
    await writeFile(join(folder, 'of-somebody-else'), 'kept');
    const write = async (): Promise<void> => {
      for (const id of [1, 2]) {
        const raw = await tarOf(200_000);
        sizes.set(id, raw.length);
        await writeShard(id, raw);
        await vi.waitUntil(async () => (await readdir(folder)).length === 1, { timeout: PATIENCE_MS });
      }
      await rm(join(folder, 'of-somebody-else'));
      await writeManifest(sizes);
    };
    expect(await packed(write())).toHaveLength(4);
    expect((await readdir(folder)).toSorted()).toEqual([`${BASE}.manifest`, `${BASE}.meta`]);
  });

  it('and a shard that is removed is told with the size that it had, whenever it is', async () => {
    const name = `${BASE}.s1.tar.gz`;
    await writeShard(1, await tarOf(1_000));
    await writeManifest(new Map([[1, 2_048]]));
    const { size: bytes } = await stat(join(folder, name));
    const before = await readDump(folder, 'BackupTruncated', new Map());
    await rm(join(folder, name));
    expect(await readDump(folder, 'BackupTruncated', new Map([[name, bytes]]))).toEqual(before);
    await expect(readDump(folder, 'BackupTruncated')).rejects.toMatchObject({ reason: 'BackupTruncated' });
  });

  it('all of it when the tool has ended before anybody looked', async () => {
    const raw = await tarOf(1_000);
    await writeShard(1, raw);
    await writeManifest(new Map([[1, raw.length]]));
    expect(await packed(Promise.resolve())).toHaveLength(3);
  });

  it('not when a shard ended in the middle, whether that was seen on the wire or not', async () => {
    const raw = await tarOf(5_000);
    for (const isSeen of [true, false]) {
      if (!isSeen) wire = new WireCheck();
      await writeShard(1, raw.subarray(0, 3_000));
      await writeManifest(new Map([[1, 3_000]]));
      await expect(packed(Promise.resolve())).rejects.toMatchObject({ reason: 'BackupTruncated' });
    }
  });

  it('not when what was packed is not what came', async () => {
    const raw = await tarOf(5_000);
    await writeShard(1, raw);
    const other = Buffer.concat([raw, raw]);
    await writeFile(join(folder, `${BASE}.s1.tar.gz`), gzipSync(other));
    await writeManifest(new Map([[1, other.length]]));
    await expect(packed(Promise.resolve())).rejects.toMatchObject({ reason: 'BackupTruncated' });
  });

  it('not when the manifest tells another length, or names another number of shards', async () => {
    const raw = await tarOf(5_000);
    await writeShard(1, raw);
    await writeManifest(new Map([[1, raw.length + 512]]));
    await expect(packed(Promise.resolve())).rejects.toThrow(/where the engine wrote/);
    await writeShard(2, raw);
    await writeManifest(new Map([[1, raw.length]]));
    await expect(packed(Promise.resolve())).rejects.toMatchObject({ reason: 'BackupTruncated' });
  });

  it('not when the tool fails, for whatever reason it does', async () => {
    await writeShard(1, await tarOf(5_000));
    await expect(packed(sleep(150).then(() => Promise.reject(new Error('it broke off'))))).rejects.toThrow(
      'it broke off',
    );
  });
});
