import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checks, lint } from './lint.ts';
import { runChaos } from './testing/chaos.ts';
import type { LayerResult } from './testing/layer.ts';
import { judge, thisMachine } from './testing/machine.ts';
import { type LayerRules, notRun, type RunOptions, runStep, runTests } from './testing/run.ts';
import { SideBySide } from './testing/side-by-side.ts';
import { measureRounds, slownessOf } from './testing/slowness.ts';
import { summary } from './testing/summary.ts';

/** The same on every machine, so nothing in it is tried again, and it needs no bed. */
const UNIT = { name: 'unit', maxReruns: 0 } as const satisfies LayerRules;
/** The layers of tests, the quickest first: what fails early fails cheaply. */
const LAYERS = [
  UNIT,
  { name: 'integration', maxReruns: 3 },
  { name: 'e2e', maxReruns: 3 },
] as const satisfies LayerRules[];
/** Only when it is asked for; alone it wants nothing before it but its preparation. `make test-all` has a sample of it. */
const REPORTS = { name: 'reports', maxReruns: 3 } as const satisfies LayerRules;
/** No tests, but the harness of `make chaos`, a little of it; `make test` does without unless it is asked for. */
const CHAOS = 'chaos';
/** What all beds asked for, held against the rights that are shipped. */
const RIGHTS = 'rights';
/** Times slowness. One that computes for ever must not take the time of all; `make test-all` plays 10,000 stories. */
const UNIT_LIMIT_MS = { sample: 10 * 60_000, all: 20 * 60_000 };
/** Without them the rest says nothing, or cannot be had. */
const EARLY: readonly string[] = ['lint', 'unit', 'prepare'];
/** After the preparation everything is there; a test that would build or download something says so instead. */
const ON_BEDS = { INFLUXADDON_NO_BUILD: '1' };
const RUNS_KEPT = 5;

const { values, positionals } = parseArgs({
  options: { 'keep-going': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const known: readonly string[] = [...LAYERS, REPORTS].map(({ name }) => name);
const strange = positionals.filter((name) => name !== CHAOS && !known.includes(name));
if (strange.length > 0) fail(`there is no layer ${strange.join(', ')}`);
const minutes = Number(process.env['TEST_MINUTES'] ?? 80);
if (!(minutes > 0)) fail(`TEST_MINUTES has to be a number of minutes, not ${process.env['TEST_MINUTES']}`);
const exhaustive = (process.env['TEST_EXHAUSTIVE'] ?? '') !== '';

const started = performance.now();
const msLeft = (): number => minutes * 60_000 - (performance.now() - started);
const deadline = new AbortController();
const alarm = setTimeout(() => deadline.abort(`the ${minutes} minutes of TEST_MINUTES were up`), msLeft());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => deadline.abort(`the run was ended by ${signal}`));

const wanted =
  positionals.length === 0 ? LAYERS : [...LAYERS, REPORTS].filter(({ name }) => positionals.includes(name));
const reportsAlone = positionals.length > 0 && positionals.every((name) => name === REPORTS.name);
const withChaos = positionals.length === 0 ? exhaustive : positionals.includes(CHAOS);
const onBeds = withChaos || wanted.some(({ name }) => name !== 'unit');
const results: LayerResult[] = [];

section('machine');
const slowness = process.env['TEST_SLOWNESS'] ?? String(slownessOf(await measureRounds()));
console.log(`slowness ${slowness}: what the limits of tests are multiplied by (TEST_SLOWNESS)`);
const seed = process.env['TEST_SEED'] ?? (exhaustive ? String(randomInt(2 ** 31)) : '1');
console.log(`seed ${seed} (the same again: TEST_SEED=${seed})`);
if (onBeds) preflight();

const artefacts = keptFolder();
const options: RunOptions = {
  root: process.cwd(),
  artefacts,
  env: { ...process.env, TEST_SLOWNESS: slowness, TEST_SEED: seed },
  out: (text) => process.stdout.write(text),
  deadline: deadline.signal,
  msLeft,
};

if (!reportsAlone) {
  section('lint');
  results.push(linted());
}
// It blocks: only now is heard what happened meanwhile, a signal or the deadline.
await setImmediate();
let stop = reasonToStop();
if (wanted.some(({ name }) => name === 'unit')) {
  section('unit');
  results.push(
    await runTests(
      { ...UNIT, limitMs: UNIT_LIMIT_MS[exhaustive ? 'all' : 'sample'] * Number(slowness) },
      options,
    ),
  );
  stop = reasonToStop();
}
const beds = wanted.filter(({ name }) => name !== 'unit');
if (beds.length > 0) await prepare();
if (stop === undefined) {
  // A control plane computes, a node mostly waits for its pods: together they take little longer than the first alone.
  if (beds.length > 0) section(beds.map(({ name }) => name).join(' and '));
  const layers = new SideBySide(beds.length);
  const onBed = { ...options, env: { ...options.env, ...ON_BEDS } };
  const ofThisRun = { ...options, env: { ...options.env, TEST_ARTEFACTS: artefacts } };
  results.push(...(await Promise.all(beds.map((layer) => runTests(layer, onBed, layers)))));
  stop = reasonToStop();
  // Of a layer that failed, or of one alone, nothing follows for what was not asked for.
  const asWhole = LAYERS.every(({ name }) => wanted.some((each) => each.name === name));
  if (asWhole && results.every(({ failed }) => failed === 0))
    results.push(await runStep(RIGHTS, join(import.meta.dirname, 'testing/rights-used.ts'), ofThisRun));
} else for (const { name } of beds) results.push(notRun(name, stop));
if (withChaos) {
  await prepare();
  if (stop === undefined) {
    section(CHAOS);
    results.push(await runChaos(CHAOS, { ...options, env: { ...options.env, ...ON_BEDS } }));
  } else results.push(notRun(CHAOS, stop));
}
clearTimeout(alarm);

console.log('');
const facts = { layers: results, seconds: (performance.now() - started) / 1_000, load: loadavg()[0] ?? 0 };
const budgetSeconds = exhaustive ? 3_600 : 900;
for (const line of summary({ ...facts, budgetSeconds, slowness: Number(slowness) })) console.log(line);
process.exitCode = results.every(({ failed }) => failed === 0) ? 0 : 1;

/** Once, before the first layer that needs it. */
async function prepare(): Promise<void> {
  if (stop !== undefined || results.some(({ name }) => name === 'prepare')) return;
  section('prepare');
  results.push(await runStep('prepare', join(import.meta.dirname, 'testing/prepare.ts'), options));
  stop = reasonToStop();
}

function section(name: string): void {
  console.log(`\n=== ${name} (${((performance.now() - started) / 1_000).toFixed(0)} s since the start)`);
}

function fail(message: string): never {
  console.log(message);
  process.exit(2);
}

function preflight(): void {
  const { wrong, warnings } = judge(thisMachine());
  for (const line of warnings) console.log(`warning: ${line}`);
  if (wrong.length === 0) return;
  for (const line of wrong) console.log(`FAILED   machine: ${line}`);
  fail(`0 passed, ${wrong.length} failed`);
}

function reasonToStop(): string | undefined {
  if (deadline.signal.aborted) return String(deadline.signal.reason);
  const failed = results.find(({ name, failed: count }) => EARLY.includes(name) && count > 0);
  if (failed === undefined || (values['keep-going'] && failed.name !== 'prepare')) return undefined;
  return `${failed.name} failed before`;
}

function linted(): LayerResult {
  const began = performance.now();
  const failures = lint((line) => console.log(line));
  return {
    name: 'lint',
    seconds: (performance.now() - began) / 1_000,
    passed: checks.length - failures.length,
    failed: failures.length,
    verdicts: failures.map(({ name, wrong }) => {
      const message = wrong.split('\n').find((line) => line.trim() !== '') ?? '';
      return { kind: 'FAILED', layer: 'lint', first: [{ name, message }], logs: [] };
    }),
    files: [],
  };
}

/** A folder for what this run leaves, beside those of a few runs before: two at once do not meet. */
function keptFolder(): string {
  const all = join(process.cwd(), 'artefacts', 'tests');
  const name = `${new Date().toISOString().slice(0, 19).replaceAll(':', '')}-${process.pid}`;
  mkdirSync(join(all, name), { recursive: true });
  const old = readdirSync(all).filter((each) => /^\d{4}-/.test(each));
  for (const each of old.toSorted().slice(0, -RUNS_KEPT))
    rmSync(join(all, each), { recursive: true, force: true });
  return join(all, name);
}
