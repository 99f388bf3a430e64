import { readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where the kernel shows its control groups. */
export async function cgroupHierarchies(): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.flatMap(([, folder, type]) =>
    folder !== undefined && (type === 'cgroup' || type === 'cgroup2') ? [folder] : [],
  );
}

export async function removeCgroups(name: string): Promise<void> {
  for (const folder of await cgroupHierarchies()) await removeTree(join(folder, name));
}

/** A cgroup's files cannot be unlinked: its folders are removed from the leaves up. */
async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  for (let round = 0; ; round++) {
    try {
      return await rmdir(folder);
    } catch (error) {
      // Busy for a moment while the last killed process is taken out of it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      if (round > 200) throw error;
      await delay(10);
    }
  }
}
