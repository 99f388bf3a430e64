import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** User and system time that a process has taken, and the ended ones that it has waited for, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  // Clock ticks of 10 ms, on every Linux that Node runs on.
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / 100;
}

/** Waits until a process has had next to nothing to do for two seconds: an engine goes on compacting after a write. */
export async function untilQuiet(pid: number, deadlineMs = 180_000): Promise<void> {
  const until = performance.now() + deadlineMs;
  for (let before = cpuSecondsOf(pid); ; ) {
    await sleep(2_000);
    const now = cpuSecondsOf(pid);
    if (now - before <= 0.1) return;
    if (performance.now() > until) throw new Error(`process ${pid} does not come to rest`);
    before = now;
  }
}
