import { pack } from 'tar-stream';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { WireCheck, type WholeShard } from './wire-check.ts';

async function shard(size: number): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'db/autogen/7/1.tsm' }, Buffer.alloc(size, 'x'));
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

const request = (type: number, document: unknown): Buffer =>
  Buffer.concat([Buffer.from([3, type]), Buffer.from(`${JSON.stringify(document)}\n`)]);

/** In pieces, as they come. */
function exchange(wire: WireCheck, asked: Buffer, answer: Buffer): void {
  const watch = wire.connection();
  for (let at = 0; at < asked.length; at += 11) watch.asked(asked.subarray(at, at + 11));
  for (let at = 0; at < answer.length; at += 700) watch.answered(answer.subarray(at, at + 700));
  watch.ended();
}

describe('a shard on its way', () => {
  it('that comes whole is known by its length and its checksum', async () => {
    const wire = new WireCheck();
    const tar = await shard(5_000);
    exchange(wire, request(0, { BackupDatabase: 'db', ShardID: 7 }), tar);
    expect(wire.whole(7)).toEqual({ bytes: tar.length, crc32: crc32(tar) } satisfies WholeShard);
    expect(wire.whole(8)).toBeUndefined();
  });

  it('that ends anywhere before its end is not known', async () => {
    const tar = await shard(3_000);
    for (let length = 0; length < tar.length; length += 256) {
      const wire = new WireCheck();
      exchange(wire, request(0, { ShardID: 7 }), tar.subarray(0, length));
      expect(wire.whole(7), `${length} bytes`).toBeUndefined();
    }
  });

  it('that is asked for again is what came last', async () => {
    const wire = new WireCheck();
    const tar = await shard(3_000);
    exchange(wire, request(0, { ShardID: 7 }), tar);
    exchange(wire, request(0, { ShardID: 7 }), tar.subarray(0, 2_000));
    expect(wire.whole(7)).toBeUndefined();
  });

  it('is not known after a request that is of something else, or not understood', async () => {
    const wire = new WireCheck();
    const tar = await shard(3_000);
    exchange(wire, request(1, { ShardID: 7 }), tar);
    exchange(wire, request(0, { Shard: 7 }), tar);
    exchange(wire, Buffer.from([3, 0, 0x7b]), tar);
    exchange(wire, Buffer.alloc(0), tar);
    expect(wire.whole(7)).toBeUndefined();
  });
});
