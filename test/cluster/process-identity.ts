import { readFileSync, readlinkSync } from 'node:fs';

/** A process that cannot be confused with a later one of the same pid, nor with one of another container. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot as in field 22 of /proc/PID/stat; '' where there is no /proc. */
  startTime: string;
  /** The kernel's id of this boot, and the PID namespace in which the pid means something: `pid:[4026531836]`. */
  boot?: string;
  namespace?: string;
  /** When this was noted, in milliseconds since the epoch. */
  notedAt?: number;
}

/**
 * How long a process of another container counts as alive. It cannot be looked at from here; a cache folder may be
 * shared by containers that run, and may be left by one that was thrown away.
 */
const FOREIGN_MS = 2 * 3_600_000;

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) ?? '', ...here(), notedAt: Date.now() };
}

/** True while exactly this process runs; a zombie counts as gone. */
export function isAlive(identity: ProcessIdentity, foreignMs = FOREIGN_MS): boolean {
  if (identity.startTime === '') return answersSignals(identity.pid);
  if (isForeign(identity)) return isOfThisBoot(identity) && Date.now() - (identity.notedAt ?? 0) < foreignMs;
  return startTimeOf(identity.pid) === identity.startTime;
}

/** True when its pid means nothing here, or somebody else: it must not be signalled. */
export function isForeign(identity: ProcessIdentity): boolean {
  const { namespace } = here();
  const isOfAnotherNamespace = (identity.namespace ?? namespace) !== namespace;
  return isOfAnotherNamespace || !isOfThisBoot(identity);
}

function isOfThisBoot(identity: ProcessIdentity): boolean {
  const { boot } = here();
  return (identity.boot ?? boot) === boot;
}

let known: { boot?: string; namespace?: string } | undefined;

function here(): { boot?: string; namespace?: string } {
  try {
    known ??= {
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      namespace: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    // No /proc.
    known = {};
  }
  return known;
}

function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name stands in parentheses and may hold anything, so fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
