import { type Field, learn, type Learned, parseSeed, playSeed } from '../campaign.ts';
import { inParallel } from '../pool.ts';
import type { Scenario } from '../scenario.ts';
import { bugs } from './index.ts';
import { loadWithBug, type SeededBug } from './seeded-bug.ts';

/** What became of one bug. */
export interface Caught {
  readonly bug: SeededBug;
  /** What the harness said; empty when it noticed nothing. */
  readonly by: readonly string[];
}

/**
 * Some bugs are heard of only when two things meet, as real ones are: an answer to a write, say, that comes after the
 * event which the bug swallowed mends it.
 */
const TRIES = 3;

/** Learns each scenario with the operator as it is, and plays the run that has to catch the bug with the bug in it. */
export async function checkBugs(
  field: Field,
  scenarios: readonly Scenario[],
  known: ReadonlyMap<string, Learned>,
  options: { readonly jobs: number; readonly runs: number; readonly only?: readonly string[] },
): Promise<Caught[]> {
  const caught: Caught[] = [];
  const learning = new Map<string, Promise<Learned>>();
  const chosen = bugs.filter(({ name }) => options.only?.includes(name) ?? true);
  const jobs = chosen.map((bug) => async () => {
    const { scenario, make } = parseSeed(scenarios, bug.caughtBy);
    const learned =
      known.get(scenario.name) ??
      (await (learning.get(scenario.name) ?? start(learning, field, scenario, options.runs)));
    const product = await loadWithBug(bug);
    let violation: Awaited<ReturnType<typeof playSeed>>;
    for (let tried = 0; violation === undefined && tried < TRIES; tried += 1)
      violation = await playSeed({ ...field, product }, learned, make);
    caught.push({ bug, by: violation?.what ?? [] });
    field.say(
      `${violation === undefined ? 'MISSED' : 'caught'} ${bug.name}: ${violation?.what[0] ?? bug.caughtBy}`,
    );
  });
  await inParallel(options.jobs, jobs);
  return caught;
}

async function start(
  learning: Map<string, Promise<Learned>>,
  field: Field,
  scenario: Scenario,
  runs: number,
): Promise<Learned> {
  const learned = learn(field, scenario, runs).then((found) => {
    if ('seed' in found) throw new Error(`${found.seed}: ${found.what.join('; ')}`);
    return found;
  });
  learning.set(scenario.name, learned);
  return await learned;
}
