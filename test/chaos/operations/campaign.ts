import type { InfluxAddonSpec } from '../../../src/api/influx-addon.ts';
import type { Field, Tally } from '../campaign.ts';
import { play } from '../lab/run.ts';
import type { Flat } from '../oracles/flat.ts';
import { Mask } from '../oracles/mask.ts';
import { inParallel } from '../pool.ts';
import { chainScenario, chainsOf, twinScenario } from './chain.ts';
import type { Operation } from './operation.ts';

/** What an addon's past may show in: how often things were changed, how large the volume once was, what was drawn. */
const PAST = new RegExp(
  [
    /resourceVersion|[gG]eneration|Time$|restartedAt|verifiedAt|lastHandled|^history\./,
    /revision|\/intent$|rendered-for$|rendered-template$|certificate-trust/,
    /PersistentVolumeClaim\/.*(storage|capacity|requests)|status\.storage/,
    /Deployment\/|in-force|data\.in-force|made-for|opened-by/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** Plays chains of generated changes and misuses; each has to end as a new addon with its last spec does. */
export async function playChains(
  field: Field,
  options: { readonly seed: number; readonly jobs: number; readonly limit?: number },
): Promise<{ tally: Tally; operations: number }> {
  const chains = chainsOf(options.seed).slice(0, options.limit);
  const tally: Tally = {
    scenario: `operations ${options.seed}`,
    engine: 'Fake',
    runs: 0,
    missed: 0,
    violations: [],
    flaky: [],
  };
  let operations = 0;
  const jobs = chains.map((chain, n) => async () => {
    const name = `chain-${options.seed}-${n}`;
    const violation = await playChain(field, name, chain);
    operations += chain.length;
    tally.runs += 1;
    if (violation === undefined) return;
    tally.violations.push(violation);
    field.say(`FAIL ${name}: ${violation.what.slice(0, 3).join('; ')}`);
  });
  await inParallel(options.jobs, jobs);
  return { tally, operations };
}

async function playChain({ lab, product }: Field, name: string, chain: readonly Operation[]) {
  const held: { spec?: InfluxAddonSpec } = {};
  const scenario = chainScenario(name, chain, (spec) => (held.spec = spec));
  const run = await play({ lab, product, scenario });
  const seed = `${name}/undisturbed`;
  if (run.violations.length > 0 || run.end === undefined || held.spec === undefined)
    return { seed, what: [...run.violations, scenario.about], log: run.log };
  const twins: Flat[] = [];
  for (let n = 0; n < 2; n += 1) {
    const twin = await play({ lab, product, scenario: twinScenario(`${name}-twin`, held.spec) });
    if (twin.violations.length > 0 || twin.end === undefined)
      return { seed: `${name}-twin`, what: [...twin.violations, JSON.stringify(held.spec)], log: twin.log };
    twins.push(present(twin.end));
  }
  const what = new Mask(twins).differences(present(run.end));
  return what.length === 0 ? undefined : { seed, what: [...what.slice(0, 8), scenario.about], log: run.log };
}

function present(end: Flat): Flat {
  return new Map([...end].filter(([path]) => !PAST.test(path)));
}
