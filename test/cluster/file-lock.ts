import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

let attempts = 0;

/** Longer than anything that is done under a lock, on a slow machine too. */
const FOREIGN_MS = 20 * 60_000;

/**
 * Runs `body` while this process holds the lock file at `path`; its folder must exist.
 *
 * Node has no flock(2). The file names its holder by pid and start time, so a lock whose holder was killed is
 * noticed and taken over, and a pid that was given to another process since does not keep it.
 *
 * @param waiting called once when somebody else holds the lock
 */
export async function withFileLock<T>(
  path: string,
  body: () => Promise<T>,
  waiting?: () => void,
): Promise<T> {
  attempts += 1;
  const mine = { unique: `${path}.${process.pid}.${attempts}`, content: holderText() };
  for (let round = 0; !(await tryTake(path, mine)); round++) {
    if (round === 0) waiting?.();
    if (!(await breakStale(path, `${mine.unique}.stale`))) await delay(150);
  }
  try {
    return await body();
  } finally {
    await rm(path, { force: true });
  }
}

/** Made whole first and linked then: nobody ever reads a lock without its holder. */
async function tryTake(path: string, mine: { unique: string; content: string }): Promise<boolean> {
  await writeFile(mine.unique, mine.content);
  try {
    return await tryLink(mine.unique, path);
  } finally {
    await rm(mine.unique, { force: true });
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The holder, and a number that makes two locks of one process differ. */
function holderText(): string {
  return `${JSON.stringify(identityOf(process.pid))} ${attempts}`;
}

/** Removes the lock if its holder is gone. True when it is worth trying again at once. */
async function breakStale(path: string, aside: string): Promise<boolean> {
  const seen = await readOrNothing(path);
  if (seen === undefined) return true;
  if (isAlive(holderOf(seen), FOREIGN_MS)) return false;
  // Moved rather than deleted: between the look and the move another waiter may have replaced the stale lock by
  // its own. That one is put back.
  try {
    await rename(path, aside);
  } catch {
    return true;
  }
  if ((await readOrNothing(aside)) !== seen) await tryLink(aside, path);
  await rm(aside, { force: true });
  return true;
}

function holderOf(content: string): ProcessIdentity {
  return JSON.parse(content.slice(0, content.lastIndexOf(' '))) as ProcessIdentity;
}

async function readOrNothing(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
