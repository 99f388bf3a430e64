/** What reporter.ts writes and the runner reads: one run of vitest on one layer. Files are relative to the root. */
export interface Report {
  /** Stays false when vitest was killed or crashed; the rest is what was known by then. */
  readonly finished: boolean;
  readonly planned: readonly string[];
  readonly running: readonly string[];
  readonly files: readonly FileReport[];
  readonly unhandled: readonly UnhandledError[];
}

export interface FileReport {
  readonly file: string;
  /** False when its worker went away under it. */
  readonly ended: boolean;
  readonly seconds: number;
  /** Of the file itself and of its groups: failed to load, or a hook. */
  readonly errors: readonly string[];
  readonly tests: readonly TestReport[];
}

export interface TestReport {
  readonly name: string;
  readonly line: number | undefined;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  readonly seconds: number;
  readonly errors: readonly string[];
}

export interface UnhandledError {
  readonly message: string;
  /** The file that ran when it was thrown; unknown when vitest itself is in trouble. */
  readonly file: string | undefined;
}

/** Something about a file that is not as it has to be. Without a name it is about the file as a whole. */
export interface Trouble {
  readonly name?: string;
  readonly line?: number | undefined;
  readonly message: string;
}

/** Everything that is wrong with a file, in the order in which one would look at it; nothing when it is clean. */
export function troublesOf(file: string, report: Report): Trouble[] {
  const found = report.files.find((each) => each.file === file);
  const unhandled = report.unhandled
    .filter((error) => error.file === file)
    .map(({ message }) => ({ message: `unhandled error: ${message}` }));
  if (found === undefined) return [...unhandled, { message: 'the file did not run' }];
  const whole = [...found.errors.map((message) => ({ message })), ...unhandled];
  const tests = found.tests.flatMap((test) => troubleOf(test, found.errors.length > 0));
  if (!found.ended) whole.push({ message: 'the file did not end: its worker went away' });
  else if (found.tests.length === 0 && whole.length === 0) whole.push({ message: 'the file has no tests' });
  return [...whole, ...tests];
}

function troubleOf(test: TestReport, hookFailed: boolean): Trouble[] {
  const { name, line, state, errors } = test;
  if (state === 'passed') return [];
  if (state === 'failed') return [{ name, line, message: errors[0] ?? 'failed' }];
  // A hook that fails skips everything below it: that is said once, with the hook.
  if (hookFailed) return [];
  return [{ name, line, message: state === 'skipped' ? 'skipped: nothing may be' : 'did not end' }];
}

/** Errors that belong to no file. When a worker died, the file that it ran tells of it already. */
export function homelessErrors(report: Report): string[] {
  if (report.files.some(({ ended }) => !ended)) return [];
  return report.unhandled.filter(({ file }) => file === undefined).map(({ message }) => message);
}
