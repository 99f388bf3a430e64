import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { Simulation } from './model/simulation.ts';

/** Makes every spec that it is in one that is refused. */
export const REFUSED = { plan: 'no-such-plan' };

/** One that has settled, with no write counted yet. */
export function settled(spec: Partial<InfluxAddonSpec>): Simulation {
  const simulation = new Simulation(spec);
  simulation.settle(20);
  simulation.operator.writes = [];
  return simulation;
}

export function rounds(simulation: Simulation): Simulation {
  for (let round = 0; round < 10; round += 1) simulation.fairRound();
  return simulation;
}

/** The same, once the operator has had time for this spec. */
export function edited(simulation: Simulation, spec: Partial<InfluxAddonSpec>): Simulation {
  simulation.happen({ event: 'Edit', spec });
  return rounds(simulation);
}

export function conditionOf(simulation: Simulation, type: string) {
  return simulation.addon?.status?.conditions?.find((condition) => condition.type === type);
}
