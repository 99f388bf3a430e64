import { mkdir, readFile, readdir, rename, rm, rmdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../run-command.ts';

/**
 * Disks of an exact size: XFS on a loop device over a sparse file, mounted at `<dir>/<name>` from
 * `<dir>/<name>.img`. The files are the whole state, so every function may be repeated after a crash.
 *
 * XFS and not ext4, because growing a mounted ext4 needs CAP_SYS_RESOURCE, which root has not everywhere (in
 * many containers, for one); growing XFS needs CAP_SYS_ADMIN, which mounting needs already.
 */
export async function createDisk(dir: string, name: string, bytes: number): Promise<string> {
  const image = imagePath(dir, name);
  const mountPoint = join(dir, name);
  if (!(await exists(image))) {
    // Under its final name only when it has a file system.
    const partial = `${image}.partial`;
    await writeFile(partial, '');
    await truncate(partial, bytes);
    await format(partial, bytes);
    await rename(partial, image);
  }
  await mkdir(mountPoint, { recursive: true });
  if (!(await isMounted(mountPoint))) {
    // `mount -o loop` marks the device for release at its last unmount, also when a whole mount namespace dies.
    await run('mount', ['-t', 'xfs', '-o', 'loop', image, mountPoint]);
  }
  return mountPoint;
}

/** Grows a mounted disk under whoever uses it; a size it has already changes nothing, and none ever shrinks. */
export async function growDisk(dir: string, name: string, bytes: number): Promise<void> {
  const image = imagePath(dir, name);
  if ((await stat(image)).size < bytes) await truncate(image, bytes);
  for (const device of await loopDevices((file) => file === image))
    await run('losetup', ['--set-capacity', device]);
  await run('xfs_growfs', ['-d', join(dir, name)]);
}

/** A disk still in use under another mount goes away with its last user. */
export async function deleteDisk(dir: string, name: string): Promise<void> {
  const mountPoint = join(dir, name);
  while (await isMounted(mountPoint)) await run('umount', [mountPoint]);
  await rmdir(mountPoint).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(imagePath(dir, name), { force: true });
  await rm(`${imagePath(dir, name)}.partial`, { force: true });
}

/** Names of the disks in `dir`, whole ones and those whose making was interrupted. */
export async function listDisks(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).flatMap((name) => /^(.+)\.img(?:\.partial)?$/.exec(name)?.[1] ?? []);
  return [...new Set(names)].toSorted();
}

/**
 * Unmounts and detaches everything below `dir` that the calling process can see, whoever made it; the files stay.
 * Loop devices are the machine's: those of a mount namespace that is gone are found too.
 */
export async function sweepVolumes(dir: string): Promise<void> {
  const below = (path: string): boolean => path.startsWith(`${dir}/`);
  // In the order of mounting; a mount upon a mount goes first.
  for (const path of (await mountPoints()).filter(below).toReversed()) await run('umount', ['--lazy', path]);
  for (const device of await loopDevices(below)) {
    // One marked for release may have gone between the look and the call.
    await run('losetup', ['--detach', device]).catch(async (error: unknown) => {
      if ((await loopDevices(below)).includes(device)) throw error;
    });
  }
}

/** Throws, saying what to do, where disks cannot be made. */
export async function requireDisks(): Promise<void> {
  await run('mkfs.xfs', ['-V']).catch((error: unknown) => {
    throw new Error('mkfs.xfs is missing: install the package xfsprogs', { cause: error });
  });
  const known = async (): Promise<boolean> => /\txfs$/m.test(await readFile('/proc/filesystems', 'utf8'));
  if (await known()) return;
  await run('modprobe', ['xfs']).catch(() => {});
  if (!(await known())) throw new Error('this kernel has no XFS, which the volumes of the test bed need');
}

async function format(image: string, bytes: number): Promise<void> {
  // From 300 MiB on mkfs.xfs takes 64 MiB for the log, and really writes them; less is enough for a test.
  const log = bytes >= 300 * 1024 ** 2 ? ['-l', 'size=16m'] : [];
  const features = ['-m', 'reflink=0,rmapbt=0,finobt=0'];
  // Below 300 MiB it refuses, unless told that it is being tested, which is what these three say.
  const env = { TEST_DIR: dirOf(image), TEST_DEV: image, QA_CHECK_FS: '1' };
  await run('mkfs.xfs', ['-q', '-f', ...features, ...log, image], { env });
}

async function isMounted(path: string): Promise<boolean> {
  return (await mountPoints()).includes(path);
}

async function mountPoints(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n');
  return lines.map((line) => unescape(line.split(' ')[4] ?? ''));
}

/** The kernel writes white space and backslashes in paths as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

async function loopDevices(isWanted: (file: string) => boolean): Promise<string[]> {
  const json = await run('losetup', ['--list', '--json', '--output', 'NAME,BACK-FILE']);
  if (json.trim() === '') return [];
  const { loopdevices } = JSON.parse(json) as { loopdevices: { name: string; 'back-file': string | null }[] };
  return loopdevices
    .filter((each) => isWanted((each['back-file'] ?? '').replace(/ \(deleted\)$/, '')))
    .map((each) => each.name);
}

function imagePath(dir: string, name: string): string {
  return join(dir, `${name}.img`);
}

function dirOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
