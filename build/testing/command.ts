import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** File that gets everything the command writes. */
  readonly log: string;
  /** Told everything the command writes as well. */
  readonly out: (text: string) => void;
  /** Ends the command: SIGINT first, SIGKILL after `graceMs`, both to its process group. */
  readonly signal: AbortSignal;
  readonly graceMs: number;
  /** Asked once a second; true when the command has done its work: it has a minute left then. */
  readonly done?: () => boolean;
}

export interface Ending {
  readonly code: number | undefined;
  /** Why it did not end by itself: killed, could not start, ended on request. */
  readonly reason: string | undefined;
}

const LEAVE_MS = 60_000;

/** Runs a command in a process group of its own, so that nothing of it is left behind whatever it started. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<Ending> {
  const { cwd, env, log, out, signal, graceMs, done = () => false } = options;
  if (signal.aborted) return { code: undefined, reason: String(signal.reason) };
  writeFileSync(log, '');
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const write = (text: string): void => {
    appendFileSync(log, text);
    out(text);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', write);

  let requested: string | undefined;
  const timers: NodeJS.Timeout[] = [];
  const kill = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // All of the group have ended.
    }
  };
  const end = (why: string): void => {
    requested ??= why;
    kill('SIGINT');
    timers.push(setTimeout(() => kill('SIGKILL'), graceMs));
  };
  const onAbort = (): void => end(String(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  let doneAt: number | undefined;
  const watch = setInterval(() => {
    if (requested === undefined && done()) doneAt ??= performance.now();
    if (doneAt !== undefined && performance.now() - doneAt > LEAVE_MS && requested === undefined)
      end('it did not end a minute after its last test');
  }, 1_000);
  try {
    return await new Promise<Ending>((resolve) => {
      child.once('error', (error) => resolve({ code: undefined, reason: error.message }));
      child.once('exit', (code, by) => {
        const killed = by === null ? undefined : `it was ended by ${by}`;
        resolve({ code: code ?? undefined, reason: requested ?? killed });
      });
    });
  } finally {
    clearInterval(watch);
    timers.forEach(clearTimeout);
    signal.removeEventListener('abort', onAbort);
    // A worker that outlives vitest would burn what the next layer needs.
    kill('SIGKILL');
    // The pipes may still hold the last lines.
    await Promise.all([child.stdout, child.stderr].map(drained));
  }
}

function drained(stream: NodeJS.ReadableStream & { closed?: boolean }): Promise<void> {
  if (stream.closed === true) return Promise.resolve();
  return new Promise((resolve) => {
    // A process that left the group may keep the pipe open for ever.
    const enough = setTimeout(resolve, 1_000);
    stream.once('close', () => {
      clearTimeout(enough);
      resolve();
    });
  });
}
