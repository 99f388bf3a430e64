import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { LayerResult } from './layer.ts';
import { type LayerRules, runTests } from './run.ts';
import { summary } from './summary.ts';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A project of one layer with these files; what stands before the tests of each is the import that they share. */
function project(files: Record<string, string>, config = ''): string {
  const root = mkdtempSync(join(tmpdir(), 'runner-test-'));
  folders.push(root);
  mkdirSync(join(root, 'test'));
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'));
  const tiny = `{ test: { name: 'tiny', include: ['test/*.test.ts'] } }`;
  writeFileSync(
    join(root, 'vitest.config.ts'),
    `${config}\nexport default { test: { projects: [${tiny}] } };`,
  );
  for (const [name, text] of Object.entries(files)) {
    const shared = `import { existsSync, writeFileSync } from 'node:fs';\nimport { beforeAll, expect, test } from 'vitest';`;
    writeFileSync(join(root, 'test', `${name}.test.ts`), `${shared}\n${text}`);
  }
  return root;
}

interface Run {
  result: LayerResult;
  lines: string[];
  log: (name: string) => string;
}

async function run(
  root: string,
  rules: Partial<LayerRules> = {},
  deadline = new AbortController().signal,
): Promise<Run> {
  const artefacts = join(root, 'artefacts/run');
  const result = await runTests(
    { name: 'tiny', maxReruns: 3, rerunNeedsMs: 0, ...rules },
    { root, artefacts, env: process.env, out: () => {}, graceMs: 200, deadline, msLeft: () => 1_000 },
  );
  const facts = { layers: [result], seconds: 1, budgetSeconds: 900, slowness: 1, load: 0 };
  const log = (name: string): string => readFileSync(join(artefacts, name), 'utf8');
  return { result, lines: summary(facts), log };
}

function kinds({ verdicts }: LayerResult): Record<string, string> {
  return Object.fromEntries(verdicts.map(({ kind, file, layer }) => [file ?? layer, kind]));
}

const PATIENT = { timeout: 100_000, interval: 50 };

/** Ended, or only waiting to be buried by whoever its parent is now. */
function isGone(pid: string): boolean {
  const path = `/proc/${pid}/stat`;
  return !existsSync(path) || readFileSync(path, 'utf8').includes(') Z ');
}

const clean = `test('is right', () => {});`;
const failing = `test('is wrong', () => expect(1).toBe(2));`;
/** Fails where its mark is not there yet, and leaves it. */
const once = (body: string): string => `
  const mark = import.meta.filename + '.mark';
  const second = existsSync(mark);
  writeFileSync(mark, '');
  ${body}`;

describe.concurrent('a run', { timeout: 120_000 }, () => {
  it('tells what fails again from what does not, and says where, what and how to see it again', async () => {
    const { result, lines, log } = await run(
      project({
        clean,
        failing: `${clean}\n${failing}`,
        once: once(`test('is wrong once', () => expect(second).toBe(true));`),
        rejects: once(`test('leaves a promise', async () => {
          if (!second) void Promise.reject(new Error('nobody listens'));
          await new Promise((done) => setTimeout(done, 50));
        });`),
      }),
    );
    expect(kinds(result)).toEqual({
      'test/failing.test.ts': 'FAILED',
      'test/once.test.ts': 'FLAKY',
      'test/rejects.test.ts': 'FLAKY',
    });
    expect(result).toMatchObject({ passed: 4, failed: 1 });
    const text = lines.join('\n');
    expect(text).toMatch(/^FAILED {3}test\/failing\.test\.ts:4 is wrong$/m);
    expect(text).toMatch(/^FLAKY {4}test\/once\.test\.ts:7 is wrong once$/m);
    expect(text).toMatch(
      /first {2}unhandled error: nobody listens \(test\/rejects\.test\.ts:\d+\)\n +again {2}clean/,
    );
    expect(text).toContain('first  expected 1 to be 2');
    expect(text).toContain('rerun  npx vitest run --project tiny test/failing.test.ts');
    expect(lines.at(-1)).toBe('4 passed, 1 failed');
    expect(log('tiny.log')).toContain('is wrong once');
    expect(log('tiny.once.again.log')).toContain('1 passed');
    expect(log('../flaky.jsonl').trim().split('\n')).toHaveLength(2);
  });

  it('lets pass neither a skipped test nor a hook that fails nor a file that does not load', async () => {
    const { result, lines } = await run(
      project({
        skipped: `test.skip('is not run', () => {});`,
        hook: `beforeAll(() => { throw new Error('no bed'); });\n${clean}`,
        loads: `import './not-there.ts';\n${clean}`,
      }),
    );
    expect(Object.values(kinds(result))).toEqual(['FAILED', 'FAILED', 'FAILED']);
    expect(result).toMatchObject({ passed: 0, failed: 3 });
    const text = lines.join('\n');
    expect(text).toMatch(/^FAILED {3}test\/skipped\.test\.ts:3 is not run\n +first {2}skipped/m);
    expect(text).toMatch(/^FAILED {3}test\/hook\.test\.ts\n +first {2}no bed/m);
    expect(text).toMatch(/^FAILED {3}test\/loads\.test\.ts\n +first {2}.*not-there/m);
  });

  it('does not try again when more than three files are in trouble', async () => {
    const { result } = await run(
      project({ a: failing, b: failing, c: failing, only: `test.only('alone', () => {});\n${clean}` }),
    );
    expect(Object.values(kinds(result))).toEqual(['FAILED', 'FAILED', 'FAILED', 'FAILED']);
    expect(result.verdicts.every(({ again }) => again === undefined)).toBe(true);
  });

  it('does not try again when no time is left for it', async () => {
    const { result } = await run(project({ failing }), { rerunNeedsMs: 2_000 });
    expect(result.verdicts).toMatchObject([{ kind: 'FAILED', logs: ['artefacts/run/tiny.log'] }]);
    expect(result.verdicts[0]?.again).toBeUndefined();
  });

  it('ends what hangs when the time is up, and tells what did not run', async () => {
    // Blocked, not waiting: no time limit of vitest's own ends that.
    const hanging = `test('computes for ever', () => {
      writeFileSync(import.meta.filename + '.pid', String(process.pid));
      for (;;);
    });`;
    const root = project({ hanging });
    const deadline = new AbortController();
    const running = run(root, {}, deadline.signal);
    const pid = await vi.waitFor(() => {
      const text = readFileSync(join(root, 'test/hanging.test.ts.pid'), 'utf8');
      expect(text).not.toBe('');
      return text;
    }, PATIENT);
    deadline.abort('the time was up');
    const { result, lines } = await running;
    expect(kinds(result)).toEqual({ 'test/hanging.test.ts': 'NOT RUN' });
    expect(result).toMatchObject({ passed: 0, failed: 1 });
    expect(lines).toContain('NOT RUN  test/hanging.test.ts: the time was up, while it ran');
    await vi.waitFor(() => expect(isGone(pid)).toBe(true), PATIENT);
  });

  it('ends a layer that takes longer than it may', async () => {
    const { result, lines } = await run(project({ clean }), { limitMs: 1 });
    expect(result).toMatchObject({ passed: 0, failed: 1 });
    expect(lines.join('\n')).toMatch(
      /^FAILED {3}tiny\n +first {2}the layer took longer than 0 s and was ended/m,
    );
  });

  it('says so when vitest itself breaks', async () => {
    const broken = await run(project({ clean }, `throw new Error('no such setting');`));
    expect(broken.result.verdicts).toMatchObject([{ kind: 'FAILED', layer: 'tiny' }]);
    expect(broken.lines.join('\n')).toMatch(/vitest ended with 1 before its tests .*tiny\.log/);
    expect(broken.log('tiny.log')).toContain('no such setting');
  });

  it('tells of the file whose worker dies', async () => {
    const { result } = await run(
      project({ clean, dies: `test('dies', () => process.kill(process.pid, 'SIGKILL'));` }),
    );
    expect(kinds(result)).toEqual({ 'test/dies.test.ts': 'FAILED' });
    expect(result).toMatchObject({ passed: 1, failed: 1 });
  });
});
