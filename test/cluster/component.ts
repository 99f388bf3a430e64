import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Turns a command into the one that is really spawned, for example one that enters a namespace first. */
export type Launcher = (command: string, args: string[]) => [command: string, args: string[]];

/** The kernel ends the process when the one that spawned it is gone, even by SIGKILL. */
export const endWithParent: Launcher = (command, args) => [
  'setpriv',
  ['--pdeathsig', 'KILL', '--', command, ...args],
];

export interface ComponentOptions {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Both outputs are appended to this file. */
  logPath: string;
  launcher?: Launcher;
  /** Told when the process ends without {@link Component.stop} having been called. */
  onDeath: (error: Error) => void;
}

/** A long-running process of a bed, with its log. */
export class Component {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  #stopping = false;
  readonly #child: ChildProcess;

  constructor(options: ComponentOptions) {
    this.name = options.name;
    this.logPath = options.logPath;
    const [command, args] = (options.launcher ?? endWithParent)(options.command, options.args);
    const log = openSync(options.logPath, 'a', 0o600);
    const child = spawn(command, args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', log, log],
      // Ctrl-C is for the owner, which ends the components in order.
      detached: true,
    });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      const settle = (how: string): void => {
        resolve();
        if (!this.#stopping) options.onDeath(new Error(`${this.name} ${how}\n${tailOf(this.logPath)}`));
      };
      child.once('error', (error) => settle(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) =>
        settle(`ended ${signal ? `by ${signal}` : `with exit code ${code}`}`),
      );
    });
    this.pid = child.pid ?? -1;
    // The bed is stopped by whoever started it, or ends with this process: it need not keep it running.
    child.unref();
    this.#child = child;
  }

  /** Sends a signal to the component itself, behind the wrappers that a launcher put around it. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    process.kill(await innermost(this.pid, 'nsenter'), signal);
  }

  /** Ends the process. @param graceMs time between SIGTERM and SIGKILL; 0 kills at once */
  async stop(graceMs = 0): Promise<void> {
    this.#stopping = true;
    if (this.pid < 0) return;
    this.#child.ref();
    try {
      if (graceMs > 0) {
        await this.signal('SIGTERM');
        await Promise.race([this.ended, delay(graceMs, undefined, { ref: false })]);
      }
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // Ended by itself meanwhile.
    }
    await this.ended;
  }

  tail(): string {
    return tailOf(this.logPath);
  }
}

/** The last lines of a log, indented, for an error's message. */
function tailOf(path: string): string {
  try {
    if (statSync(path).size === 0) return '  (its log is empty)';
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-15);
    return [`  last lines of ${basename(path)}:`, ...lines.map((line) => `  ${line}`)].join('\n');
  } catch {
    return '  (it has no log)';
  }
}

/** The child of a wrapper that waits for it (nsenter forks to enter a PID namespace), else the process itself. */
export async function innermost(pid: number, wrapper: string): Promise<number> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (name.trim() !== wrapper) return pid;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const child = Number(children.trim().split(' ')[0]);
  return child > 0 ? child : pid;
}
