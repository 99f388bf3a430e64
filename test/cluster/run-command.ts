import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { endWithParent } from './component.ts';
import { ownerMark } from './orphans.ts';

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Told every line of both outputs as it comes. */
  log?: (line: string) => void;
  /** Written to standard input, which is empty otherwise. */
  input?: string;
  /** Ends the command (SIGTERM) when aborted. */
  signal?: AbortSignal;
  /** Whether it ends with this process, even by SIGKILL; for what takes minutes. Only Linux can do that. */
  endWithParent?: boolean;
}

/** A command that could not be started or did not exit with 0; the message ends with its last output lines. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number | undefined;
  constructor(command: string, how: string, tail: string[], exitCode?: number) {
    super([`${command} ${how}`, ...tail.map((line) => `  ${line}`)].join('\n'));
    this.exitCode = exitCode;
  }
}

/** Runs a command to its end and returns what it wrote to standard output. Throws {@link CommandError}. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const owned = options.endWithParent === true && process.platform === 'linux';
    const child = spawn(...(owned ? endWithParent(command, args) : ([command, args] as const)), {
      cwd: options.cwd,
      env: { ...process.env, ...(owned && ownerMark()), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: options.signal,
    });
    const tail: string[] = [];
    const line = (text: string): void => {
      tail.push(text);
      if (tail.length > 20) tail.shift();
      options.log?.(text);
    };
    const out: string[] = [];
    child.stdout.on('data', (chunk: string) => out.push(chunk));
    const flushOut = eachLine(child.stdout, line);
    const flushErr = eachLine(child.stderr, line);
    // A command that never reads its input closes it early; its exit code tells whether that was right.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => reject(new CommandError(command, `could not run: ${error.message}`, tail)));
    child.on('close', (code, signal) => {
      flushOut();
      flushErr();
      if (code === 0) resolve(out.join(''));
      else {
        const how = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
        const what = [basename(command), ...args].join(' ');
        reject(new CommandError(what.slice(0, 200), how, tail, code ?? undefined));
      }
    });
  });
}

/** Calls `line` for every complete line of `stream`; the returned function passes on an unfinished last one. */
function eachLine(stream: NodeJS.ReadableStream, line: (text: string) => void): () => void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(line);
  });
  return () => {
    if (rest !== '') line(rest);
    rest = '';
  };
}
