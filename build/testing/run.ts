import { appendFileSync, mkdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { runCommand } from './command.ts';
import { type LayerResult, type Verdict, runLayer } from './layer.ts';
import { SideBySide } from './side-by-side.ts';
import { runVitest } from './vitest.ts';

/** What all layers of one run share. */
export interface RunOptions {
  readonly root: string;
  /** Absolute; everything that is kept of this run goes there. */
  readonly artefacts: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: (text: string) => void;
  /** Aborted when the time of the whole run is up, or when it is interrupted. */
  readonly deadline: AbortSignal;
  readonly msLeft: () => number;
  /** From SIGINT to SIGKILL. */
  readonly graceMs?: number;
}

export interface LayerRules {
  readonly name: string;
  readonly maxReruns: number;
  /** For the layer alone: one that computes for ever is told long before the whole run's time is up. */
  readonly limitMs?: number;
  readonly rerunNeedsMs?: number;
}

const GRACE_MS = 20_000;
const RERUN_NEEDS_MS = 10 * 60_000;

/** Runs one layer of tests by the rules of {@link runLayer}, with logs and a memory of what was flaky. */
export async function runTests(
  rules: LayerRules,
  options: RunOptions,
  layers = new SideBySide(1),
): Promise<LayerResult> {
  const { name, maxReruns, limitMs, rerunNeedsMs = RERUN_NEEDS_MS } = rules;
  const { root, artefacts, env, out, deadline, msLeft, graceMs = GRACE_MS } = options;
  mkdirSync(artefacts, { recursive: true });
  const limit = limited(deadline, limitMs);
  try {
    const result = await runLayer({
      name,
      maxReruns,
      timeToRerun: () => msLeft() >= rerunNeedsMs,
      vitest: async (files, again) => {
        const log = join(artefacts, again ? `${name}.${slug(files)}.again.log` : `${name}.log`);
        const args = again ? ['--maxWorkers=1'] : [];
        const where = { cwd: root, env: { ...env, TEST_ARTEFACTS: artefacts }, log, out };
        const vitest = () =>
          runVitest({ project: name, files, args, signal: limit.signal, graceMs, ...where });
        const run = await (again
          ? layers.alone(() => {
              out(`\n=== ${name}: ${files.join(', ')} once more, alone\n`);
              return vitest();
            })
          : layers.beside(vitest));
        return { ...run, log: relative(root, log) };
      },
    });
    const flaky = result.verdicts.filter(({ kind }) => kind === 'FLAKY');
    remember(join(artefacts, '..', 'flaky.jsonl'), flaky);
    return result;
  } finally {
    limit.clear();
  }
}

/** What runs before the tests as a command of its own: it can be ended with all that it started. */
export async function runStep(
  name: string,
  script: string,
  { root, artefacts, env, out, deadline, graceMs = GRACE_MS }: RunOptions,
): Promise<LayerResult> {
  mkdirSync(artefacts, { recursive: true });
  const started = performance.now();
  const log = join(artefacts, `${name}.log`);
  let last = '';
  const ending = await runCommand(process.execPath, [script], {
    cwd: root,
    env,
    log,
    signal: deadline,
    graceMs,
    out: (text) => {
      last = text.trim().split('\n').at(-1) || last;
      out(text);
    },
  });
  const failed = ending.code === 0 && ending.reason === undefined ? 0 : 1;
  const message = ending.reason ?? last;
  const verdict: Verdict = {
    kind: 'FAILED',
    layer: name,
    first: [{ message }],
    logs: [relative(root, log)],
  };
  return {
    name,
    seconds: (performance.now() - started) / 1_000,
    passed: 1 - failed,
    failed,
    verdicts: failed === 0 ? [] : [verdict],
    files: [],
  };
}

/** A layer that was never begun. */
export function notRun(name: string, reason: string): LayerResult {
  const verdicts: Verdict[] = [{ kind: 'NOT RUN', layer: name, first: [{ message: reason }], logs: [] }];
  return { name, seconds: 0, passed: 0, failed: 1, verdicts, files: [] };
}

function limited(deadline: AbortSignal, ms: number | undefined): { signal: AbortSignal; clear: () => void } {
  if (ms === undefined) return { signal: deadline, clear: () => {} };
  const own = new AbortController();
  const why = `the layer took longer than ${Math.round(ms / 1_000)} s and was ended`;
  const timer = setTimeout(() => own.abort(why), ms);
  return { signal: AbortSignal.any([deadline, own.signal]), clear: () => clearTimeout(timer) };
}

function slug(files: readonly string[]): string {
  return files.map((file) => basename(file, '.test.ts')).join('+');
}

/** One line for each, over all runs in this folder: what comes again and again is no accident. */
function remember(path: string, flaky: readonly Verdict[]): void {
  for (const verdict of flaky)
    appendFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), ...verdict })}\n`);
}
