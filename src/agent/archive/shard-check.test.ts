import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { assertLength, ShardCheck } from './shard-check.ts';

async function shard(sizes: readonly number[]): Promise<Buffer> {
  const tar = pack();
  for (const [i, size] of sizes.entries())
    tar.entry({ name: `db/autogen/1/${i}.tsm` }, Buffer.alloc(size, i + 1));
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function faultOf(packed: Buffer, rawBytes: number): Promise<string | undefined> {
  const check = new ShardCheck();
  for (let at = 0; at < packed.length; at += 700) await check.write(packed.subarray(at, at + 700));
  try {
    assertLength(await check.end('BackupTruncated'), rawBytes, 'BackupTruncated');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a packed shard', () => {
  it('that is whole is good, an empty one too', async () => {
    for (const sizes of [[], [0], [1, 511, 512, 513], [300_000]]) {
      const raw = await shard(sizes);
      expect(await faultOf(gzipSync(raw), raw.length)).toBeUndefined();
    }
  });

  it('that ends anywhere before its end is not, although it was packed well and its size is as the tool says', async () => {
    const raw = await shard([1_000, 2_000, 300]);
    for (let length = 0; length < raw.length; length += 256) {
      const cut = raw.subarray(0, length);
      expect(await faultOf(gzipSync(cut), cut.length), `${length} bytes`).toMatch(/not whole/);
    }
  });

  it('that is not as long as the tool says, or cannot be unpacked, is not', async () => {
    const raw = await shard([1_000]);
    const packed = gzipSync(raw);
    expect(await faultOf(packed, raw.length + 512)).toMatch(/where the engine wrote/);
    expect(await faultOf(packed.subarray(0, packed.length - 9), raw.length)).toMatch(/cannot be unpacked/);
    expect(await faultOf(Buffer.from('no gzip at all'), 14)).toMatch(/cannot be unpacked/);
    expect(await faultOf(gzipSync(Buffer.alloc(2_048, 'x')), 2_048)).toMatch(/no tar/);
  });
});
