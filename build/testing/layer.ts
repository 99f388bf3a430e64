import { homelessErrors, type Report, type Trouble, troublesOf } from './report.ts';
import type { VitestRun } from './vitest.ts';

/** What the run says about a file, or about a layer as a whole when it names no file. */
export interface Verdict {
  readonly kind: 'FLAKY' | 'FAILED' | 'NOT RUN';
  readonly layer: string;
  readonly file?: string;
  readonly first: readonly Trouble[];
  /** Of the second run, alone; undefined when there was none. */
  readonly again?: readonly Trouble[];
  readonly logs: readonly string[];
  /** The command that does the same again; by default the one of its layer and file. */
  readonly rerun?: string;
}

export interface LayerResult {
  readonly name: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly verdicts: readonly Verdict[];
  readonly files: readonly { readonly file: string; readonly seconds: number }[];
}

export interface LayerOptions {
  readonly name: string;
  /** Runs these files of the layer, or all of them; `again` when it is a file's second run, alone. */
  readonly vitest: (files: readonly string[], again: boolean) => Promise<VitestRun>;
  /** With more files in trouble than this, none is run again: that is no accident. 0 where nothing may be flaky. */
  readonly maxReruns: number;
  /** Asked before each second run: whether there is time for it. */
  readonly timeToRerun: () => boolean;
}

/**
 * Runs a layer once, and each file with trouble once more, alone and whole: beds belong to files and tests build on
 * each other, so one test alone proves nothing. Clean then is FLAKY, anything else FAILED.
 */
export async function runLayer(options: LayerOptions): Promise<LayerResult> {
  const started = performance.now();
  const { name, maxReruns, timeToRerun } = options;
  const first = await options.vitest([], false);
  const { report, log } = first;
  const verdicts: Verdict[] = [];
  const judged = (verdict: Omit<Verdict, 'layer'>): void => void verdicts.push({ layer: name, ...verdict });
  const tests = new Map<string, number>(report?.files.map(({ file, tests: { length } }) => [file, length]));
  const troubled: { file: string; troubles: Trouble[] }[] = [];

  for (const file of filesOf(report)) {
    const troubles = report === undefined ? [] : troublesOf(file, report);
    const ended = report?.files.some((each) => each.file === file && each.ended) === true;
    if (first.reason !== undefined && !ended) {
      judged({
        kind: 'NOT RUN',
        file,
        first: [{ message: stopped(first.reason, file, report) }],
        logs: [log],
      });
    } else if (troubles.length > 0) troubled.push({ file, troubles });
  }
  const rerun = first.reason === undefined && troubled.length <= maxReruns;
  for (const { file, troubles } of troubled) {
    if (!rerun || !timeToRerun()) {
      judged({ kind: 'FAILED', file, first: troubles, logs: [log] });
      continue;
    }
    const second = await options.vitest([file], true);
    const again = secondTroubles(file, second);
    for (const each of second.report?.files ?? []) tests.set(each.file, each.tests.length);
    const kind = again.length === 0 ? 'FLAKY' : 'FAILED';
    judged({ kind, file, first: troubles, again, logs: [log, second.log] });
  }
  for (const message of wholeTroubles(first, verdicts))
    judged({ kind: 'FAILED', first: [{ message }], logs: [log] });

  return {
    name,
    seconds: (performance.now() - started) / 1_000,
    ...tally(tests, verdicts),
    verdicts,
    files: (report?.files ?? []).map(({ file, seconds }) => ({ file, seconds })),
  };
}

/** Every file that was to run; those that vitest found too late to plan them as well. */
function filesOf(report: Report | undefined): string[] {
  if (report === undefined) return [];
  const unhandled = report.unhandled.flatMap(({ file }) => (file === undefined ? [] : [file]));
  return [...new Set([...report.planned, ...report.files.map(({ file }) => file), ...unhandled])];
}

function stopped(reason: string, file: string, report: Report | undefined): string {
  return report?.running.includes(file) === true ? `${reason}, while it ran` : reason;
}

function secondTroubles(file: string, { report, reason, code }: VitestRun): Trouble[] {
  if (report === undefined || reason !== undefined) return [{ message: reason ?? 'vitest ended at once' }];
  const found = [...troublesOf(file, report), ...homelessErrors(report).map((message) => ({ message }))];
  return found.length === 0 && code !== 0 ? [{ message: `vitest ended with ${code}` }] : found;
}

function wholeTroubles({ report, reason, code, log }: VitestRun, told: readonly Verdict[]): string[] {
  if (reason !== undefined) {
    // The files that did not run for it say why.
    return told.some(({ kind }) => kind === 'NOT RUN') ? [] : [`${reason} (see the end of ${log})`];
  }
  if (report === undefined || report.planned.length === 0) return ['no file of tests was found'];
  const homeless = homelessErrors(report).map((message) => `unhandled error: ${message}`);
  if (homeless.length > 0 || told.length > 0 || code === 0) return homeless;
  return [`vitest ended with ${code} though no test failed`];
}

/** A file that did not run, that did not load or that has an error besides its tests counts as one that failed. */
function tally(
  tests: ReadonlyMap<string, number>,
  verdicts: readonly Verdict[],
): { passed: number; failed: number } {
  let passed = [...tests.values()].reduce((sum, count) => sum + count, 0);
  let failed = 0;
  for (const { kind, file, first, again = [] } of verdicts) {
    if (kind === 'FLAKY') continue;
    const names = new Set([...first, ...again].flatMap(({ name }) => (name === undefined ? [] : [name])));
    const count = file === undefined ? 0 : (tests.get(file) ?? 0);
    // With a hook that failed nobody knows which of the tests would have passed.
    const whole = kind === 'NOT RUN' || [...first, ...again].some(({ name }) => name === undefined);
    failed += Math.max(1, whole ? count : names.size);
    passed -= whole ? count : Math.min(names.size, count);
  }
  return { passed, failed };
}
