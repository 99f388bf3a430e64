import { readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BedState, bedDir, listBeds, readBed, removeBedDir, withBedLock } from './bed.ts';
import { type ProcessIdentity, isAlive } from './process-identity.ts';
import { run } from './run-command.ts';

/**
 * Removes everything that a bed made, whoever made it and however it ended. Safe to repeat.
 *
 * A node's processes live in a PID namespace and its mounts in a mount namespace: both end with its first
 * process. What the kernel does not end with them is removed here by the names in the bed's state.
 */
export async function tearDown(state: BedState): Promise<void> {
  for (const each of state.processes) kill(each);
  await allGone(state.processes);
  if (state.link !== undefined) await removeLink(state.link);
  if (state.kind === 'node') await detachLoops(bedDir(state.name));
  if (state.cgroup !== undefined) await removeCgroups(state.cgroup);
  await removeBedDir(state.name);
}

/** Tears down every bed whose owner is gone, or only the one named. Returns the names. */
export async function sweepDeadBeds(only?: string): Promise<string[]> {
  return withBedLock(async () => {
    const states = only === undefined ? await listBeds() : [await readBed(only)];
    const dead = states.filter((state) => state !== undefined && !isAlive(state.owner));
    for (const state of dead) if (state !== undefined) await tearDown(state);
    return dead.flatMap((state) => state?.name ?? []);
  });
}

function kill(identity: ProcessIdentity): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, 'SIGKILL');
  } catch {
    // Gone between the look and the signal.
  }
}

async function allGone(identities: ProcessIdentity[]): Promise<void> {
  // The first process of a PID namespace stays until all others in it are gone, which may take a disk flush.
  for (let round = 0; identities.some(isAlive); round++) {
    if (round > 1500)
      throw new Error(
        `processes do not end: ${identities
          .filter(isAlive)
          .map((each) => each.pid)
          .join(', ')}`,
      );
    await delay(10);
  }
}

async function removeLink(link: string): Promise<void> {
  const exists = await run('ip', ['link', 'show', 'dev', link]).then(
    () => true,
    () => false,
  );
  // It goes with the network namespace at the other end, whose removal is asynchronous: it may win the race.
  if (exists) await run('ip', ['link', 'delete', 'dev', link]).catch(() => {});
}

async function detachLoops(dir: string): Promise<void> {
  const list = await run('losetup', ['--list', '--noheadings', '--raw', '--output', 'NAME,BACK-FILE']);
  for (const line of list.split('\n')) {
    const [device, ...file] = line.split(' ');
    if (device !== undefined && file.join(' ').startsWith(`${dir}/`))
      await run('losetup', ['--detach', device]);
  }
}

async function removeCgroups(name: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  for (const [, folder, type] of mounts) {
    if (folder !== undefined && (type === 'cgroup' || type === 'cgroup2'))
      await removeTree(join(folder, name));
  }
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
