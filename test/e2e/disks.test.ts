import { existsSync } from 'node:fs';
import { mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDisk, deleteDisk, growDisk, listDisks, sweepVolumes } from '../cluster/volumes/disks.ts';
import { run } from '../cluster/run-command.ts';

/** The disks under the test bed's volumes. Needs root: it mounts. */
const MiB = 1024 * 1024;
let dir: string;
/** A neighbour whose name begins as that of {@link dir}. */
let other: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'disks-test-'));
  other = `${dir}-other`;
});

afterEach(async () => {
  for (const each of [dir, other]) {
    await sweepVolumes(each);
    await rm(each, { recursive: true, force: true });
  }
});

async function size(path: string): Promise<number> {
  const { bsize, blocks } = await statfs(path);
  return (bsize * blocks) / MiB;
}

const fill = (path: string, megabytes: number): Promise<string> =>
  run('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${megabytes}`]);

const loops = (): Promise<string> => run('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE']);

test.each([16, 64, 512])(
  'a disk of %d MiB takes that much at most, and grows while it is in use',
  async (mib) => {
    const path = await createDisk(dir, 'a', mib * MiB);
    expect(await size(path)).toBeLessThanOrEqual(mib);
    expect(await size(path)).toBeGreaterThan(mib * 0.75);
    await writeFile(join(path, 'kept'), 'kept');
    await expect(fill(join(path, 'f'), mib)).rejects.toThrow('No space left on device');

    await growDisk(dir, 'a', 2 * mib * MiB);
    await growDisk(dir, 'a', 2 * mib * MiB);
    expect(await size(path)).toBeGreaterThan(1.75 * mib);
    await fill(join(path, 'f'), mib);
    expect(existsSync(join(path, 'kept'))).toBe(true);
  },
);

test('a huge disk costs next to nothing until it is written to', async () => {
  const path = await createDisk(dir, 'huge', 1024 * 1024 * MiB);
  expect(await size(path)).toBeGreaterThan(1_000_000);
  const used = Number((await run('du', ['--block-size=1M', join(dir, 'huge.img')])).split('\t')[0]);
  expect(used).toBeLessThan(40);
});

test('making a disk again keeps it, also when it was unmounted, and an unfinished one is made anew', async () => {
  await writeFile(join(dir, 'a.img.partial'), 'half a file system');
  await truncate(join(dir, 'a.img.partial'), 10 * MiB);
  expect(await listDisks(dir)).toEqual(['a']);
  const path = await createDisk(dir, 'a', 32 * MiB);
  await writeFile(join(path, 'kept'), 'kept');
  await createDisk(dir, 'a', 32 * MiB);
  await run('umount', [path]);
  expect(existsSync(join(path, 'kept'))).toBe(false);
  await createDisk(dir, 'a', 32 * MiB);
  expect(existsSync(join(path, 'kept'))).toBe(true);
});

test('a deleted disk leaves no file, no mount and no loop device, and deleting twice is fine', async () => {
  const path = await createDisk(dir, 'a', 32 * MiB);
  expect(await loops()).toContain(dir);
  await deleteDisk(dir, 'a');
  await deleteDisk(dir, 'a');
  expect(existsSync(path)).toBe(false);
  expect(await listDisks(dir)).toEqual([]);
  expect(await loops()).not.toContain(dir);
});

test('a sweep takes down mounts and devices below one folder, those that nobody mounted too, and no others', async () => {
  const path = await createDisk(dir, 'a', 32 * MiB);
  await createDisk(dir, 'b', 32 * MiB);
  await run('mkdir', ['-p', join(path, 'sub'), other]);
  await run('mount', ['--bind', join(dir, 'b'), join(path, 'sub')]);
  await writeFile(join(dir, 'loose.img'), '');
  await truncate(join(dir, 'loose.img'), MiB);
  await run('losetup', ['--find', join(dir, 'loose.img')]);
  await createDisk(other, 'c', 32 * MiB);

  await sweepVolumes(dir);
  const left = await loops();
  expect(left).not.toContain(`${dir}/`);
  expect(left).toContain(`${other}/c.img`);
});
