import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finishedShards } from './finished-shards.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dump-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const packed = (id: number): string => `20260131T000102Z.s${id}.tar.gz`;
const write = (name: string): Promise<void> => writeFile(join(folder, name), 'x');

describe('a packed shard', () => {
  it('is named once what it was packed from is gone, while the tool goes on', async () => {
    const { promise: tool, resolve: end } = Promise.withResolvers<void>();
    const shards = finishedShards(folder, tool);
    const raw = 'db.of.00007.a policy.00007.00';
    await write(raw);
    await write(packed(7));
    const first = shards.next();
    const early = await Promise.race([first, sleep(300, 'nothing')]);
    expect(early).toBe('nothing');
    await rm(join(folder, raw));
    expect(await first).toEqual({ done: false, value: packed(7) });

    // Of the next one nothing but what comes from the engine; then another.
    await write('db.of.00007.a policy.00012.00.pending');
    await write(packed(3));
    expect(await shards.next()).toEqual({ done: false, value: packed(3) });
    end();
    expect(await shards.next()).toEqual({ done: true, value: undefined });
  });

  it('is not waited for when the tool has failed: its reason is told', async () => {
    const { promise: tool, reject } = Promise.withResolvers<void>();
    const next = finishedShards(folder, tool).next();
    reject(new Error('no room'));
    await expect(next).rejects.toThrow('no room');
  });
});
