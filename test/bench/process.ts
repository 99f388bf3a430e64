import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process of the rig. What it costs is read from /proc by its pid, never told by itself. */
export class RigProcess implements AsyncDisposable {
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

  /** Also that of the command that a wrapper becomes. */
  get pid(): number {
    if (this.#child.pid === undefined || this.#child.exitCode !== null)
      throw new Error(`${this.#child.spawnargs.join(' ')} does not run`);
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }
}
