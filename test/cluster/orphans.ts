import { readdirSync, readFileSync } from 'node:fs';
import { identityOf, isAlive, isForeign, type ProcessIdentity } from './process-identity.ts';

/** Names the process on whose behalf another one runs; whatever that one starts inherits it. */
const variable = 'INFLUXADDON_TEST_OWNER';

/** For the environment of what has to end with this process, and may not (a child of a child, a parent stopped hard). */
export function ownerMark(): Record<string, string> {
  return { [variable]: JSON.stringify(identityOf(process.pid)) };
}

/**
 * Ends the processes of runs that are gone: they would slow down every later one. Only what carries the mark of a
 * process of this machine that has ended. @returns their pids
 */
export function endOrphans(): number[] {
  const orphans = pids().filter((pid) => {
    const owner = ownerOf(pid);
    return owner !== undefined && !isForeign(owner) && !isAlive(owner);
  });
  return orphans.filter((pid) => {
    // Noted before the look at its environment is repeated: a pid may have gone to somebody else since.
    const orphan = identityOf(pid);
    const owner = ownerOf(pid);
    if (owner === undefined || isAlive(owner) || !isAlive(orphan)) return false;
    try {
      process.kill(pid, 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  });
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // Not Linux.
    return [];
  }
}

function ownerOf(pid: number): ProcessIdentity | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const entry = entries.find((each) => each.startsWith(`${variable}=`));
    return entry === undefined
      ? undefined
      : (JSON.parse(entry.slice(variable.length + 1)) as ProcessIdentity);
  } catch {
    // Ended meanwhile, or somebody else's.
    return undefined;
  }
}
