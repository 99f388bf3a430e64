import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A process whose cost is read from /proc, never from itself. */
export class MeasuredProcess implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(
    [command = process.execPath, ...args]: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env },
    });
  }

  /** User and system time since the start, in milliseconds. */
  get cpuMs(): number {
    const fields = this.#read('stat')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms, on every Linux that Node runs on
  }

  /** Resident memory now and at its highest, in bytes. */
  get memory(): { now: number; peak: number } {
    const status = this.#read('status');
    const bytes = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }

  #read(file: 'stat' | 'status'): string {
    return readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8');
  }
}
