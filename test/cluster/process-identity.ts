import { readFileSync } from 'node:fs';

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot as in field 22 of /proc/PID/stat; '' where there is no /proc. */
  startTime: string;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) ?? '' };
}

/** True while exactly this process runs; a zombie counts as gone. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.startTime === '') return answersSignals(identity.pid);
  return startTimeOf(identity.pid) === identity.startTime;
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
