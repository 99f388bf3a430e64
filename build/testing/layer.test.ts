import { globSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runLayer } from './layer.ts';
import type { FileReport, Report, TestReport } from './report.ts';
import { expectedSeconds, SECONDS } from './sequencer.ts';
import { summary } from './summary.ts';
import type { VitestRun } from './vitest.ts';

function tests(states: string): TestReport[] {
  return states.split('').map((mark, index) => {
    const state = ({ '.': 'passed', x: 'failed', s: 'skipped' } as const)[mark] ?? 'pending';
    return {
      name: `test ${index + 1}`,
      line: index + 1,
      state,
      seconds: 1,
      errors: mark === 'x' ? ['no'] : [],
    };
  });
}

/** A file by a letter for each test: passed `.`, failed `x`, skipped `s`; `-` for a file that did not end. */
function file(name: string, states: string, errors: string[] = []): FileReport {
  return {
    file: name,
    ended: !states.includes('-'),
    seconds: 1,
    errors,
    tests: tests(states.replace('-', '')),
  };
}

function ran(files: FileReport[], more: Partial<Report> = {}, run: Partial<VitestRun> = {}): VitestRun {
  const report = {
    finished: true,
    planned: files.map((each) => each.file),
    running: [],
    files,
    unhandled: [],
  };
  return { report: { ...report, ...more }, reason: undefined, code: 0, seconds: 1, log: 'log', ...run };
}

async function judged(first: VitestRun, second?: VitestRun, timeToRerun = true) {
  const result = await runLayer({
    name: 'e2e',
    maxReruns: 3,
    timeToRerun: () => timeToRerun,
    vitest: async (_files, again) => {
      if (!again) return first;
      if (second === undefined) throw new Error('was run again');
      return second;
    },
  });
  const verdicts = result.verdicts.map(({ kind, file: of, layer }) => `${kind} ${of ?? layer}`);
  return { verdicts, counts: [result.passed, result.failed], result };
}

describe('runLayer', () => {
  it.each([
    { first: '...', again: undefined, verdicts: [], counts: [4, 0] },
    { first: '.x.', again: '...', verdicts: ['FLAKY a'], counts: [4, 0] },
    { first: '.x.', again: '.x.', verdicts: ['FAILED a'], counts: [3, 1] },
    { first: '.x.', again: '..x', verdicts: ['FAILED a'], counts: [2, 2] },
    { first: '.s.', again: '.s.', verdicts: ['FAILED a'], counts: [3, 1] },
    { first: '..-', again: '...', verdicts: ['FLAKY a'], counts: [4, 0] },
    { first: '..-', again: '..-', verdicts: ['FAILED a'], counts: [1, 2] },
    { first: '', again: '', verdicts: ['FAILED a'], counts: [1, 1] },
  ])('finds in "$first" and then "$again" $verdicts', async ({ first, again, verdicts, counts }) => {
    const second = again === undefined ? undefined : ran([file('a', again)]);
    expect(await judged(ran([file('a', first), file('b', '.')]), second)).toMatchObject({ verdicts, counts });
  });

  it('does not forgive an error that no file is known for', async () => {
    const unhandled = [{ message: 'from nowhere', file: undefined }];
    expect(await judged(ran([file('a', '.')], { unhandled }))).toMatchObject({
      verdicts: ['FAILED e2e'],
      counts: [1, 1],
    });
    expect(await judged(ran([file('a', 'x')]), ran([file('a', '.')], { unhandled }))).toMatchObject({
      verdicts: ['FAILED a'],
    });
  });

  it('does not believe a run that ends badly though nothing failed', async () => {
    expect((await judged(ran([file('a', '.')], {}, { code: 1 }))).verdicts).toEqual(['FAILED e2e']);
    expect((await judged(ran([file('a', 'x')]), ran([file('a', '.')], {}, { code: 1 }))).verdicts).toEqual([
      'FAILED a',
    ]);
    expect((await judged(ran([]))).verdicts).toEqual(['FAILED e2e']);
  });

  it('tells what was cut short from what failed before, and tries nothing again then', async () => {
    const cut = ran(
      [file('a', '.'), file('b', 'x'), file('c', '.-')],
      { finished: false, planned: ['a', 'b', 'c', 'd'], running: ['c'] },
      { reason: 'the time was up' },
    );
    const { verdicts, result } = await judged(cut);
    expect(verdicts).toEqual(['NOT RUN c', 'NOT RUN d', 'FAILED b']);
    const lines = summary({ layers: [result], seconds: 1, budgetSeconds: 900, slowness: 1, load: 2 });
    expect(lines).toContain('NOT RUN  c: the time was up, while it ran');
    expect(lines).toContain('NOT RUN  d: the time was up');
    expect(result).toMatchObject({ passed: 1, failed: 3 });
  });

  it('has no second run without the time for it', async () => {
    expect((await judged(ran([file('a', 'x')]), undefined, false)).verdicts).toEqual(['FAILED a']);
  });
});

describe('summary', () => {
  it('ends with what is wrong and the count, each line to be found by its first word', async () => {
    const { result } = await judged(
      ran([file('a', 'xxxxxxxx'), file('b', '.')]),
      ran([file('a', 'xxxxxxxx')]),
    );
    const lines = summary({ layers: [result], seconds: 901, budgetSeconds: 900, slowness: 1.25, load: 2 });
    expect(lines[0]).toBe('summary (901 s, OVER THE BUDGET of 900 s; load 2.0; slowness 1.3)');
    expect(lines.filter((line) => /^ ?(FAIL|FAILED|FLAKY|NOT RUN)\b/.test(line))).toHaveLength(6);
    expect(lines.slice(-4)).toEqual([
      '         and 2 more of this file',
      '         logs   log, log',
      '         rerun  npx vitest run --project e2e a',
      '1 passed, 8 failed',
    ]);
  });
});

describe('expectedSeconds', () => {
  it('starts with what is known to be slow, its exhaustive part too, and goes on by size', () => {
    const seconds = (name: string): number => expectedSeconds(`test/integration/${name}.test.ts`, 20_000);
    expect(seconds('drift.exhaustive')).toBe(seconds('drift'));
    expect(seconds('drift')).toBeGreaterThan(seconds('new'));
    expect(seconds('new')).toBeGreaterThan(expectedSeconds('test/integration/small.test.ts', 2_000));
  });

  it('knows no file that is gone: one that was renamed would start late', () => {
    const gone = Object.keys(SECONDS).filter(
      (name) => globSync(`${name}{,.exhaustive}.test.ts`).length === 0,
    );
    expect(gone).toEqual([]);
  });
});
