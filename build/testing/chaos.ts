import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runCommand } from './command.ts';
import type { LayerResult, Verdict } from './layer.ts';
import type { RunOptions } from './run.ts';

/** What one run of the harness that went wrong says of itself. */
export interface ChaosTrouble {
  /** The seed of the run, or the name of a seeded bug. */
  readonly name: string;
  readonly message: string;
  /** The command that plays it again. */
  readonly rerun: string;
}

/** What `test/chaos/main.ts --report` writes. */
export interface ChaosReport {
  /** Runs that ended as they should, and seeded bugs that were noticed. */
  readonly passed: number;
  readonly failed: readonly ChaosTrouble[];
  /** Wrong once, and right when it was played again. */
  readonly flaky: readonly ChaosTrouble[];
}

/** Where the harness is in a checkout. */
const PROGRAM = 'test/chaos/main.ts';

/** A little of everything that `make chaos` plays in full, judged as a layer: a verdict for each seed. */
export async function runChaos(name: string, options: RunOptions, program = PROGRAM): Promise<LayerResult> {
  const { root, artefacts, env, out, deadline, graceMs = 20_000 } = options;
  const started = performance.now();
  const log = join(artefacts, `${name}.log`);
  const path = join(artefacts, `${name}.json`);
  rmSync(path, { force: true });
  const ending = await runCommand(process.execPath, [join(root, program), 'quick', '--report', path], {
    cwd: root,
    env: { ...env, TEST_ARTEFACTS: artefacts },
    log,
    out,
    signal: deadline,
    graceMs,
  });
  const logs = [relative(root, log)];
  const judged =
    (kind: Verdict['kind']) =>
    (trouble: ChaosTrouble): Verdict => {
      const first = [{ name: trouble.name, message: trouble.message }];
      return { kind, layer: name, first, logs, rerun: trouble.rerun };
    };
  const report = readReport(path);
  const verdicts = [
    ...(report?.flaky ?? []).map(judged('FLAKY')),
    ...(report?.failed ?? []).map(judged('FAILED')),
  ];
  const failures = report?.failed.length ?? 0;
  const whole =
    ending.reason ??
    (report === undefined ? `it left no report and ended with ${ending.code}` : undefined) ??
    (ending.code !== 0 && failures === 0 ? `it ended with ${ending.code} though no run failed` : undefined);
  if (whole !== undefined) verdicts.push({ kind: 'FAILED', layer: name, first: [{ message: whole }], logs });
  return {
    name,
    seconds: (performance.now() - started) / 1_000,
    passed: report?.passed ?? 0,
    failed: failures + (whole === undefined ? 0 : 1),
    verdicts,
    files: [],
  };
}

function readReport(path: string): ChaosReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ChaosReport;
  } catch {
    return undefined;
  }
}
