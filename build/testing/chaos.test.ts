import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ChaosReport, runChaos } from './chaos.ts';
import type { LayerResult } from './layer.ts';
import { summary } from './summary.ts';

const root = mkdtempSync(join(tmpdir(), 'chaos-layer-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs a harness that leaves this report, or none, and ends with `code`. */
async function ran(
  name: string,
  code: number,
  report?: ChaosReport,
): Promise<{ result: LayerResult; lines: string[] }> {
  const writes =
    report === undefined
      ? ''
      : `require('node:fs').writeFileSync(process.argv.at(-1), ${JSON.stringify(JSON.stringify(report))});`;
  writeFileSync(join(root, `${name}.cjs`), `${writes} process.exitCode = ${code};`);
  const result = await runChaos(
    name,
    {
      root,
      artefacts: root,
      env: process.env,
      out: () => {},
      deadline: new AbortController().signal,
      msLeft: () => 1_000,
    },
    `${name}.cjs`,
  );
  return {
    result,
    lines: summary({ layers: [result], seconds: 1, budgetSeconds: 3_600, slowness: 1, load: 0 }),
  };
}

const trouble = (name: string) => ({ name, message: 'not so', rerun: `npm run chaos -- --seed '${name}'` });

describe.concurrent('the chaos layer', () => {
  it('counts the runs that were as they should', async () => {
    const { result, lines } = await ran('clean', 0, { passed: 40, failed: [], flaky: [] });
    expect(result).toMatchObject({ passed: 40, failed: 0, verdicts: [] });
    expect(lines.at(-1)).toBe('40 passed, 0 failed');
  });

  it('names each seed that failed, with the command that plays it again', async () => {
    const failed = [trouble('plan-up/crash'), trouble('stop/view')];
    const { result, lines } = await ran('failing', 1, { passed: 38, failed, flaky: [] });
    expect(result).toMatchObject({ passed: 38, failed: 2 });
    const told = lines.join('\n');
    for (const { name, rerun } of failed)
      expect(told).toMatch(new RegExp(`FAILED   failing ${name}[^]*first  not so[^]*rerun  ${rerun}`));
    expect(lines.at(-1)).toBe('38 passed, 2 failed');
  });

  it('tells what was wrong once only as flaky, which fails nothing', async () => {
    const { result, lines } = await ran('flaky', 0, {
      passed: 40,
      failed: [],
      flaky: [trouble('stop/view')],
    });
    expect(result).toMatchObject({ failed: 0, verdicts: [{ kind: 'FLAKY' }] });
    expect(lines.join('\n')).toContain('FLAKY    flaky stop/view');
  });

  it('fails when the harness leaves no report, or ends badly without saying why', async () => {
    expect((await ran('gone', 3)).lines.join('\n')).toContain('it left no report and ended with 3');
    const { result } = await ran('odd', 2, { passed: 5, failed: [], flaky: [] });
    expect(result).toMatchObject({ passed: 5, failed: 1 });
  });
});
