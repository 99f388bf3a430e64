import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Workload } from '../world/world.ts';
import { FINALIZER } from '../world/names.ts';
import { variablesIn } from '../testing/apps.ts';
import { BROKEN_VERSION } from '../testing/model/model-node.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';

const INJECT = { apps: [{ name: 'web', env: 'Inject' as const }] };

function ready(): Simulation {
  const simulation = new Simulation(INJECT);
  simulation.settle(20);
  return simulation;
}

function rounds(simulation: Simulation, count: number): void {
  for (let round = 0; round < count; round += 1) simulation.fairRound();
}

function variables(simulation: Simulation): string[] {
  const app = simulation.api.get<Workload>('Deployment', 'web');
  return app === undefined ? [] : variablesIn(app, 'web');
}

describe('an app that is taken out of spec.apps', () => {
  it.each<{ while: string; spec: Partial<InfluxAddonSpec>; reason: string }>([
    { while: 'the database is stopped', spec: { state: 'Stopped' }, reason: 'Stopped' },
    { while: 'the database does not come up', spec: { version: BROKEN_VERSION }, reason: 'Degraded' },
    { while: 'the spec is refused', spec: { plan: 'none' }, reason: 'Blocked' },
  ])('loses its variables while $while, with one restart', ({ spec, reason }) => {
    const simulation = ready();
    const patches = () => simulation.operator.writes.filter((write) => write.startsWith('patch Deployment'));
    simulation.happen({ event: 'Edit', spec });
    rounds(simulation, 8);
    const told = simulation.addon?.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(told?.reason).toBe(reason);
    const before = patches().length;
    simulation.happen({ event: 'Edit', spec: { apps: [] } });
    rounds(simulation, 4);
    expect(variables(simulation)).toEqual([]);
    expect(patches()).toHaveLength(before + 1);
    expect(simulation.addon?.status?.apps).toBeUndefined();
    expect(simulation.addon?.metadata.finalizers ?? []).not.toContain(FINALIZER);
  });

  it('loses its variables in the edit that is refused', () => {
    const simulation = ready();
    simulation.happen({ event: 'Edit', spec: { plan: 'none', apps: [] } });
    simulation.operator.operate(simulation.now);
    expect(variables(simulation)).toEqual([]);
  });

  it('loses its variables while the claim is being deleted, which keeps its pod', () => {
    const simulation = ready();
    const pod = simulation.api.get('Pod', `${ADDON}-influx-0`)?.metadata.uid;
    simulation.happen({ event: 'DeleteClaim' });
    simulation.happen({ event: 'Edit', spec: { apps: [] } });
    rounds(simulation, 4);
    expect(variables(simulation)).toEqual([]);
    expect(simulation.api.get('Pod', `${ADDON}-influx-0`)?.metadata.uid).toBe(pod);
  });
});
