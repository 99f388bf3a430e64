import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Bed, type BedState, bedDir, bedsRoot, listBeds, readBed, removeBedDir, withBedLock } from './bed.ts';
import { removeCgroups } from './cgroups.ts';
import { withFileLock } from './file-lock.ts';
import { endOrphans } from './orphans.ts';
import { type ProcessIdentity, isAlive, isForeign } from './process-identity.ts';
import { run } from './run-command.ts';
import { sweepUnowned } from './unowned.ts';

const PATIENCE_MS = 15_000;

/**
 * Removes everything that a bed made, whoever made it and however it ended. Safe to repeat.
 *
 * A node's processes live in a PID namespace and its mounts in a mount namespace: both end with its first
 * process. What the kernel does not end with them is removed here by the names in the bed's state.
 */
export async function tearDown(state: BedState, patienceMs = PATIENCE_MS): Promise<void> {
  for (const each of state.processes) kill(each);
  await allGone(state.processes, patienceMs);
  if (state.link !== undefined) await removeLink(state.link);
  if (state.kind === 'node') await detachLoops(bedDir(state.name));
  if (state.cgroup !== undefined) await removeCgroups(state.cgroup);
  await removeBedDir(state.name);
}

/**
 * Tears down every bed whose owner is gone, or only the one named, and ends what else a dead run left. A bed that
 * does not go (a process that hangs in the kernel) is told and left: it must not keep others from starting.
 *
 * @returns the names of those that are gone
 */
export async function sweepDeadBeds(
  only?: string,
  say: (line: string) => void = console.error,
): Promise<string[]> {
  const states = only === undefined ? await listBeds() : [await readBed(only)];
  const dead = states.filter((state) => state !== undefined && !isAlive(state.owner));
  const swept = await Promise.all(
    dead.map(async (state) => (state ? await sweep(state.name, say, only !== undefined) : [])),
  );
  if (only === undefined) {
    endOrphans();
    await withBedLock(sweepUnowned).catch((error: unknown) =>
      say(`leftovers without a bed: ${String(error)}`),
    );
  }
  return swept.flat();
}

/** One process at a time; those that waited find it gone, or taken by another owner. */
async function sweep(name: string, say: (line: string) => void, isAskedFor: boolean): Promise<string[]> {
  return withSweepLock(name, async () => {
    const state = await readBed(name);
    if (state === undefined || isAlive(state.owner)) return [];
    try {
      // Somebody has waited in vain before: whoever just comes by looks once.
      await tearDown(state, state.stuck === undefined || isAskedFor ? PATIENCE_MS : 0);
      return [name];
    } catch (error) {
      say(`bed ${name} of a run that ended cannot be removed, left as it is: ${String(error)}`);
      await new Bed(state).update({ stuck: String(error) });
      return [];
    }
  });
}

/** While `body` runs nobody sweeps this bed. */
export async function withSweepLock<T>(name: string, body: () => Promise<T>): Promise<T> {
  return withFileLock(join(bedsRoot(), `.${name}.sweep`), body);
}

function kill(identity: ProcessIdentity): void {
  if (isForeign(identity) || !isAlive(identity)) return;
  try {
    process.kill(identity.pid, 'SIGKILL');
  } catch {
    // Gone between the look and the signal.
  }
}

async function allGone(identities: ProcessIdentity[], patienceMs: number): Promise<void> {
  const living = (): ProcessIdentity[] => identities.filter((each) => !isForeign(each) && isAlive(each));
  // The first process of a PID namespace stays until all others in it are gone, which may take a disk flush.
  const end = performance.now() + patienceMs;
  while (living().length > 0) {
    if (performance.now() > end) {
      throw new Error(
        `processes do not end: ${living()
          .map(({ pid }) => pid)
          .join(', ')}`,
      );
    }
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
