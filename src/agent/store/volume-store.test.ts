import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from './store.ts';
import { openVolume } from './volume-store.ts';

const { signal } = new AbortController();
let root: string;
let store: Store;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'store-'));
  store = openVolume(root);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function put(key: string): Promise<void> {
  const body = async function* () {
    yield Buffer.from(key);
  };
  await store.put(key, body(), key.length, signal);
}

async function listed(prefix: string, after?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, after, signal)) keys.push(key);
  return keys;
}

describe('a volume', () => {
  it('is listed whole with an empty prefix, which every volume has', async () => {
    for (const key of ['b/two', 'a/1/one', 'c']) await put(key);
    await writeFile(join(root, 'a', 'half.partial'), '');
    expect(await listed('')).toEqual(['a/1/one', 'b/two', 'c']);
    expect(await listed('', 'a/1/one')).toEqual(['b/two', 'c']);
    expect(await listed('a/')).toEqual(['a/1/one']);
    expect(await listed('none/')).toEqual([]);
  });

  it('is listed although its file system keeps a folder for itself', async () => {
    await put('a/1/one');
    // What is in it is nobody's backup; that it cannot be read is seen by whoever is not root.
    await mkdir(join(root, 'lost+found'));
    await writeFile(join(root, 'lost+found', '#12'), '');
    await chmod(join(root, 'lost+found'), 0o000);
    try {
      expect(await listed('')).toEqual(['a/1/one']);
    } finally {
      await chmod(join(root, 'lost+found'), 0o700);
    }
  });

  it('that is not there is not one without backups', async () => {
    await rm(root, { recursive: true });
    await expect(listed('')).rejects.toMatchObject({ reason: 'StoreUnreachable' });
  });

  it('is swept with an empty prefix, of what was half written only', async () => {
    await put('whole');
    await writeFile(join(root, 'half.partial'), '');
    await store.sweep('', signal);
    expect(await readdir(root)).toEqual(['whole']);
  });

  it('stays when the last object on it goes', async () => {
    await put('.check/1');
    await store.delete('.check/1', signal);
    expect(await readdir(root)).toEqual([]);
  });

  it.each(['../out', 'a/../../out', ''])('is never left by a key: %s', async (key) => {
    await expect(put(key)).rejects.toMatchObject({ reason: 'StoreDenied' });
    await expect(store.get(key, signal)).rejects.toMatchObject({ reason: 'StoreDenied' });
    await expect(store.delete(key, signal)).rejects.toMatchObject({ reason: 'StoreDenied' });
  });
});
