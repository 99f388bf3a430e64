import type { Lab } from './lab/lab.ts';
import { play, type RunResult } from './lab/run.ts';
import { Mask } from './oracles/mask.ts';
import { fromSeed, type Make } from './perturb/index.ts';
import type { Perturbation } from './perturb/perturbation.ts';
import { inParallel } from './pool.ts';
import type { Product } from './product.ts';
import type { Scenario } from './scenario.ts';

/** What is known of a scenario from playing it undisturbed. */
export interface Learned {
  readonly scenario: Scenario;
  readonly mask: Mask;
  /** The shortest of the runs: what every run has. */
  readonly run: RunResult;
}

export interface Violation {
  /** `scenario/perturbation`: plays it again. */
  readonly seed: string;
  readonly what: readonly string[];
  readonly log: readonly string[];
}

/** What came of some runs of one scenario. */
export interface Tally {
  readonly scenario: string;
  readonly engine: Scenario['engine'];
  runs: number;
  /** Runs in which the perturbation found nothing to strike. */
  missed: number;
  readonly violations: Violation[];
  /** Wrong once, and not when it was played again. */
  readonly flaky: Violation[];
}

export interface Field {
  readonly lab: Lab;
  readonly product: Product;
  readonly say: (line: string) => void;
}

/** Plays a scenario undisturbed, one run after the other so that times differ, and learns what runs have in common. */
export async function learn(
  { lab, product }: Field,
  scenario: Scenario,
  runs: number,
): Promise<Learned | Violation> {
  const results: RunResult[] = [];
  for (let n = 0; n < runs; n += 1) {
    const result = await play({ lab, product, scenario });
    if (result.violations.length > 0 || result.end === undefined)
      return { seed: `${scenario.name}/undisturbed`, what: result.violations, log: result.log };
    results.push(result);
  }
  const mask = new Mask(results.flatMap(({ end }) => end ?? []));
  const run = results.toSorted((a, b) => a.writes.length - b.writes.length)[0];
  if (run === undefined) throw new Error('a scenario has to be played at least once');
  return { scenario, mask, run };
}

/** Plays a scenario once with each of the perturbations; the end has to be the one that was learned. */
export async function perturb(
  field: Field,
  learned: Learned,
  makes: readonly Make[],
  options: {
    readonly jobs: number;
    readonly stopAtFirst?: boolean;
    /** On a machine that does much else at the same time: what is wrong has to be wrong twice. */
    readonly again?: boolean;
    readonly done?: (tally: Tally) => void;
  },
): Promise<Tally> {
  const { scenario } = learned;
  const tally: Tally = {
    scenario: scenario.name,
    engine: scenario.engine,
    runs: 0,
    missed: 0,
    violations: [],
    flaky: [],
  };
  const jobs = makes.map((make) => async () => {
    if (options.stopAtFirst === true && tally.violations.length > 0) return;
    const perturbation = make();
    const first = await once(field, learned, perturbation);
    const doubted = first !== undefined && options.again === true;
    const violation = doubted ? await once(field, learned, make()) : first;
    if (doubted && violation === undefined) {
      field.say(`once, and not again: ${first.seed}: ${first.what.join('; ')}`);
      tally.flaky.push(first);
    }
    tally.runs += 1;
    if (!perturbation.struck) tally.missed += 1;
    if (violation !== undefined) tally.violations.push(violation);
    options.done?.(tally);
  });
  await inParallel(options.jobs, jobs);
  return tally;
}

async function once(
  { lab, product }: Field,
  { scenario, mask }: Learned,
  perturbation: Perturbation | undefined,
): Promise<Violation | undefined> {
  const result = await play({ lab, product, scenario, perturbation });
  const differences = result.end === undefined ? [] : mask.differences(result.end);
  const what = [...result.violations, ...differences];
  return what.length === 0
    ? undefined
    : { seed: `${scenario.name}/${perturbation?.seed ?? 'undisturbed'}`, what, log: result.log };
}

/** One run more, undisturbed when nothing is made; undefined when nothing is wrong. */
export async function playSeed(
  field: Field,
  learned: Learned,
  make: Make | undefined,
): Promise<Violation | undefined> {
  return await once(field, learned, make?.());
}

/** The scenario and the perturbation of a seed. */
export function parseSeed(
  scenarios: readonly Scenario[],
  seed: string,
): { scenario: Scenario; make: Make | undefined } {
  const slash = seed.indexOf('/');
  const scenario = scenarios.find(({ name }) => name === seed.slice(0, slash));
  if (scenario === undefined) throw new Error(`no scenario is called ${seed.slice(0, slash)}`);
  const rest = seed.slice(slash + 1);
  if (rest === 'undisturbed') return { scenario, make: undefined };
  fromSeed(rest); // throws for one that is none
  return { scenario, make: () => fromSeed(rest) };
}
