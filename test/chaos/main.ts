import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Field,
  type Learned,
  learn,
  parseSeed,
  perturb,
  type Tally,
  type Violation,
} from './campaign.ts';
import type { ChaosReport, ChaosTrouble } from '../../build/testing/chaos.ts';
import { given } from '../../src/kube/objects/given.ts';
import { checkBugs } from './bugs/check.ts';
import { checkModel } from './model/conformance.ts';
import { simulate } from './model/simulate.ts';
import { playChains } from './operations/campaign.ts';
import { Lab } from './lab/lab.ts';
import { crashes, crashesTwice, type Make, stalePairs, views } from './perturb/index.ts';
import { inParallel, spread } from './pool.ts';
import { loadProduct } from './product.ts';
import { printSummary } from './report.ts';
import { scenarios } from './scenarios/index.ts';

const USAGE = `Plays scenarios on a real control plane while the operator crashes, sees the past and is refused.

  node test/chaos/main.ts [part ...] [options]

Parts; default: all but twice and pairs
  quick    a little of each part, and every scenario: what make test-all runs
  crash    every write of every scenario, in every mode
  views    every event as the last one that a new operator sees; unobserved; told by a list only; every kind late
  twice    a second crash at each write of the recovery
  pairs    every event as the last one seen after a crash at every write
  operations  every field changed and misused, in chains; the end has to be that of a new addon with the last spec
  model    the API server of the simulation against a real one, by random requests; then 10,000 simulations
  bugs     bugs that are seeded into the operator, each of which has to be noticed

  --scenario NAME   only these; may be repeated
  --sample N        so many perturbations of each part and scenario, spread evenly
  --bug NAME        only these seeded bugs; may be repeated
  --jobs N          runs at a time; default 8
  --learn N         undisturbed runs of each scenario; default 3
  --draw N          the order in which operations are chained; default 1
  --seed SEED       one run as a report names it, with its log
  --report FILE     how many runs were as they should, and the seeds of the others, as JSON
  --list            the scenarios`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string', multiple: true },
    sample: { type: 'string' },
    jobs: { type: 'string', default: '8' },
    draw: { type: 'string', default: '1' },
    learn: { type: 'string', default: '3' },
    bug: { type: 'string', multiple: true },
    seed: { type: 'string' },
    report: { type: 'string' },
    list: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

const PARTS: Readonly<Record<string, (learned: Learned['run']) => Make[]>> = {
  crash: crashes,
  views,
  twice: crashesTwice,
  pairs: stalePairs,
};

if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}
if (values.list === true) {
  for (const { name, engine, about } of scenarios)
    console.log(`${name.padEnd(28)} ${engine.padEnd(5)} ${about}`);
  process.exit(0);
}

const started = performance.now();
const jobs = Number(values.jobs);
let failed: boolean;
{
  await using lab = await Lab.start();
  const field: Field = { lab, product: await loadProduct(), say };
  failed = values.seed === undefined ? await campaign(field) : await replay(field, values.seed);
}
process.exit(failed ? 1 : 0);

async function campaign(field: Field): Promise<boolean> {
  const quick = positionals.includes('quick');
  const parts =
    quick || positionals.length === 0 ? ['crash', 'views', 'operations', 'model', 'bugs'] : positionals;
  const sample = values.sample ?? (quick ? '1' : undefined);
  const chosen = scenarios.filter(({ name }) => values.scenario?.includes(name) ?? true);
  const tallies: Tally[] = [];
  const violations: Violation[] = [];
  const known = new Map<string, Learned>();
  // Scenarios side by side, and the perturbations of each one after the other: all end at about the same time.
  const work = chosen.map((scenario) => async () => {
    const learned = await learn(field, scenario, quick ? 2 : Number(values.learn));
    if ('seed' in learned) {
      violations.push(learned);
      say(`FAIL ${learned.seed}: ${learned.what.join('; ')}`);
      keep(learned);
      return;
    }
    known.set(scenario.name, learned);
    for (const part of parts.filter((each) => each in PARTS)) {
      const tally = await runPart(field, learned, part, sample);
      tallies.push(tally);
      violations.push(...tally.violations);
    }
  });
  if (parts.some((part) => part in PARTS)) await inParallel(jobs, work);
  if (parts.includes('operations')) {
    const limit = sample === undefined ? {} : { limit: quick ? 3 : Number(sample) };
    const { tally, operations } = await playChains(field, { seed: Number(values.draw), jobs, ...limit });
    tallies.push(tally);
    violations.push(...tally.violations);
    tally.violations.forEach(keep);
    say(`${operations} operations in ${tally.runs} chains, ${tally.violations.length} with violations`);
  }
  if (parts.includes('model')) {
    const violation = await runModel(field, quick ? 10 : 200);
    if (violation !== undefined) violations.push(violation);
    if (!quick && !(await simulate(10_000)))
      violations.push({
        seed: 'npm run test:unit -- src/addon/decide.simulation.test.ts',
        what: ['see above'],
        log: [],
      });
  }
  const caught = parts.includes('bugs')
    ? await checkBugs(field, scenarios, known, {
        jobs,
        runs: Number(values.learn),
        ...given({ only: values.bug }),
      })
    : [];
  const missed = caught.filter(({ by }) => by.length === 0);
  printSummary(tallies, violations, (performance.now() - started) / 1000);
  if (values.report !== undefined) {
    const runs = tallies.reduce((total, tally) => total + tally.runs, known.size);
    const failed = [
      ...violations.map(troubleOf),
      ...missed.map(({ bug }) => ({
        name: `the seeded bug ${bug.name}`,
        message: `nothing was noticed by ${bug.caughtBy}`,
        rerun: `${COMMAND} bugs --bug ${bug.name}`,
      })),
    ];
    const flaky = tallies.flatMap((tally) => tally.flaky).map(troubleOf);
    const report: ChaosReport = { passed: runs + caught.length - failed.length, failed, flaky };
    writeFileSync(values.report, JSON.stringify(report));
  }
  if (caught.length > 0) say(`${caught.length - missed.length} of ${caught.length} seeded bugs were caught`);
  return violations.length > 0 || missed.length > 0;
}

const COMMAND = 'npm run chaos --';

/** For the end of a run of all tests. */
function troubleOf({ seed, what }: Violation): ChaosTrouble {
  const message = what.slice(0, 3).join('; ');
  // Those of chains and of the model are commands of their own, or drawn: they are played with all of their part.
  const rerun = seed.startsWith('npm ')
    ? seed
    : seed.startsWith('model/')
      ? `${COMMAND} model`
      : seed.startsWith('chain-')
        ? `${COMMAND} operations`
        : `${COMMAND} --seed '${seed}'`;
  return { name: seed, message, rerun };
}

async function runPart(
  field: Field,
  learned: Learned,
  part: string,
  sample: string | undefined,
): Promise<Tally> {
  const makes = PARTS[part]?.(learned.run);
  if (makes === undefined) throw new Error(`no part is called ${part}: ${Object.keys(PARTS).join(', ')}`);
  const some = spread(makes, Number(sample ?? makes.length), learned.scenario.name.length);
  let told = 0;
  const tally = await perturb(field, learned, some, {
    jobs: 1,
    again: positionals.includes('quick'),
    done: ({ violations }) => {
      for (const violation of violations.slice(told)) {
        say(`FAIL ${violation.seed}: ${violation.what.slice(0, 4).join('; ')}`);
        keep(violation);
      }
      told = violations.length;
    },
  });
  say(
    `${part} ${learned.scenario.name}: ${tally.runs} runs, ${tally.missed} struck nothing, ${told} violations`,
  );
  return tally;
}

async function runModel(field: Field, sequences: number): Promise<Violation | undefined> {
  const seed = Number(values.draw) * 10_000;
  const { differences, requests } = await checkModel(field.lab.client, { sequences, length: 50, seed });
  say(`${requests} random requests in ${sequences} sequences: the model differs ${differences.length} times`);
  for (const difference of differences.slice(0, 5)) say(`FAIL ${difference}`);
  return differences.length === 0 ? undefined : { seed: `model/${seed}`, what: differences, log: [] };
}

async function replay(field: Field, seed: string): Promise<boolean> {
  const { scenario, make } = parseSeed(scenarios, seed);
  const learned = await learn(field, scenario, Number(values.learn));
  const violation =
    'seed' in learned
      ? learned
      : (await perturb(field, learned, make === undefined ? [] : [make], { jobs: 1 })).violations[0];
  if (violation === undefined) {
    say(`${seed}: nothing wrong`);
    return false;
  }
  console.log(violation.log.join('\n'));
  say(`FAIL ${seed}:\n  ${violation.what.join('\n  ')}`);
  return true;
}

/** The log of a run that went wrong, beside the report. */
function keep({ seed, what, log }: Violation): void {
  const folder = 'artefacts/chaos';
  mkdirSync(folder, { recursive: true });
  const file = `${seed.replaceAll(/[^A-Za-z0-9~#+-]+/g, '_')}.log`;
  writeFileSync(join(folder, file), `${seed}\n${what.join('\n')}\n\n${log.join('\n')}\n`);
}

function say(line: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}`);
}
