import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, type Ending, runCommand } from './command.ts';
import type { Report } from './report.ts';

/** How one run of vitest went. */
export interface VitestRun {
  /** Undefined when vitest ended before it knew its files. */
  readonly report: Report | undefined;
  /** Why vitest did not come to its own end. */
  readonly reason: string | undefined;
  readonly code: number | undefined;
  readonly seconds: number;
  readonly log: string;
}

export interface VitestOptions extends Omit<CommandOptions, 'done'> {
  readonly project: string;
  /** All files of the project when empty. */
  readonly files: readonly string[];
  readonly args?: readonly string[];
}

const program = join(import.meta.dirname, '../../node_modules/.bin/vitest');
const reporter = join(import.meta.dirname, 'reporter.ts');
const ALWAYS = [
  '--reporter=tree',
  `--reporter=${reporter}`,
  '--includeTaskLocation',
  // One that was left in by mistake turns the others off.
  '--allowOnly=false',
  // A second try in a bed that the first one left behind, told as success.
  '--retry=0',
  '--passWithNoTests=false',
];
/** A line at least so often, so that nobody takes a long test for a hanging one. */
const HEARTBEAT_MS = 60_000;

export async function runVitest(options: VitestOptions): Promise<VitestRun> {
  const { project, files, args = [], log, out } = options;
  const path = `${log}.json`;
  rmSync(path, { force: true });
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1_000;
  let lastOutput = performance.now();
  const heard = (text: string): void => {
    lastOutput = performance.now();
    out(text);
  };
  const heartbeat = setInterval(() => {
    if (performance.now() - lastOutput < HEARTBEAT_MS) return;
    const report = readReport(path);
    const ended = `${report?.files.length ?? 0} of ${report?.planned.length ?? '?'} files`;
    heard(`... ${project}: ${ended}, ${seconds().toFixed(0)} s; running: ${report?.running.join(', ')}\n`);
  }, 5_000);
  try {
    const ending = await runCommand(program, ['run', '--project', project, ...ALWAYS, ...args, ...files], {
      ...options,
      env: { ...environment(options.env), TEST_REPORT: path },
      out: heard,
      done: () => readReport(path)?.finished === true,
    });
    const report = readReport(path);
    return { report, reason: reasonOf(report, ending), code: ending.code, seconds: seconds(), log };
  } finally {
    clearInterval(heartbeat);
    rmSync(path, { force: true });
  }
}

/** Plain text whatever the terminal, and nothing of a vitest that this one may run under. */
function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = Object.entries(env).filter(([key]) => !key.startsWith('VITEST') && key !== 'FORCE_COLOR');
  return { ...Object.fromEntries(ours), NO_COLOR: '1' };
}

function reasonOf(report: Report | undefined, ending: Ending): string | undefined {
  if (ending.reason !== undefined) return ending.reason;
  if (report?.finished !== true) return `vitest ended with ${ending.code} before its tests`;
  return undefined;
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}
