import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { variablesIn } from '../../testing/apps.ts';
import { BROKEN_VERSION } from '../../testing/model/model-node.ts';
import { ADDON, Simulation } from '../../testing/model/simulation.ts';
import { restartedForKey } from '../../world/names.ts';
import type { Workload } from '../../world/world.ts';

const BOTH = ['SCALINGO_INFLUX_URL', 'INFLUX_URL'];
const INJECTED: Partial<InfluxAddonSpec> = { apps: [{ name: 'web', env: 'Inject' }] };
const REFUSED: Partial<InfluxAddonSpec> = { plan: 'none' };

function bound(spec: Partial<InfluxAddonSpec> = INJECTED): Simulation {
  const simulation = new Simulation(spec);
  simulation.settle(40);
  return simulation;
}

const web = (simulation: Simulation, name = 'web') => simulation.api.get<Workload>('Deployment', name);

function variables(simulation: Simulation): string[] {
  const app = web(simulation);
  return app === undefined ? [] : variablesIn(app, 'web').toSorted();
}

const markOf = (simulation: Simulation) =>
  web(simulation)?.spec?.template.metadata?.annotations?.[restartedForKey(ADDON)];

function rounds(simulation: Simulation, many: number): void {
  for (let round = 0; round < many; round += 1) simulation.fairRound();
}

const condition = (simulation: Simulation, type: string) =>
  simulation.addon?.status?.conditions?.find((each) => each.type === type);

describe('variables that a deployment took out come back', () => {
  it.each<[string, (simulation: Simulation) => void, string]>([
    ['while the spec is refused', ({ user }) => user.edit(REFUSED), 'Blocked'],
    ['while the database is stopped', ({ user }) => user.edit({ state: 'Stopped' }), 'Stopped'],
    ['while the database does not come up', ({ user }) => user.edit({ version: BROKEN_VERSION }), 'Degraded'],
  ])('%s, with the revision that the app had', (_, spoil, ready) => {
    const simulation = bound();
    const mark = markOf(simulation);
    spoil(simulation);
    rounds(simulation, 12);
    expect(condition(simulation, 'Ready')?.reason).toBe(ready);
    for (const what of ['Reapply', 'Change'] as const) {
      simulation.happen({ event: 'App', what });
      expect(variables(simulation)).toEqual([]);
      rounds(simulation, 6);
      expect(variables(simulation), what).toEqual(BOTH.toSorted());
      expect(markOf(simulation)).toBe(mark);
    }
    const before = simulation.operator.writes.length;
    rounds(simulation, 6);
    expect(simulation.operator.writes.slice(before)).toEqual([]);
  });

  it('by the names that are in force, when the spec that is refused has others', () => {
    const simulation = bound();
    simulation.user.edit({ ...REFUSED, connection: { prefix: 'OTHER', alias: '' } });
    rounds(simulation, 6);
    simulation.happen({ event: 'App', what: 'Reapply' });
    rounds(simulation, 6);
    expect(variables(simulation)).toEqual(BOTH.toSorted());
  });

  it('only where the API server lets them in; what it says is told of the app, though nobody answers', () => {
    const simulation = bound();
    simulation.user.edit({ version: BROKEN_VERSION });
    rounds(simulation, 12);
    simulation.obstacles.begin({ what: 'Refused', target: 'Deployment/web' }, simulation.now);
    simulation.happen({ event: 'App', what: 'Reapply' });
    rounds(simulation, 6);
    expect(condition(simulation, 'AppsCurrent')).toMatchObject({ status: 'False', reason: 'Refused' });
    simulation.obstacles.end();
    rounds(simulation, 12);
    expect(variables(simulation)).toEqual(BOTH.toSorted());
  });
});

describe('while the spec is refused', () => {
  it('a restart that is due for what was accepted before it comes', () => {
    const simulation = bound();
    const mark = markOf(simulation);
    simulation.obstacles.begin({ what: 'Refused', target: 'Deployment/web' }, simulation.now);
    simulation.invariants.cause();
    simulation.user.edit({ plan: '2g' });
    rounds(simulation, 12);
    expect(simulation.addon?.status?.plan).toBe('2g');
    expect(markOf(simulation)).toBe(mark);
    simulation.user.edit(REFUSED);
    simulation.obstacles.end();
    rounds(simulation, 12);
    expect(condition(simulation, 'Stalled')).toMatchObject({ status: 'True', reason: 'UnknownPlan' });
    expect(markOf(simulation)).not.toBe(mark);
    expect(simulation.addon?.status?.apps?.[0]?.revision).toBe(markOf(simulation));
  });

  it('an app that it names anew, and another env of one, wait', () => {
    const fromSecret = bound({ apps: [{ name: 'web' }] });
    fromSecret.user.edit({ ...REFUSED, ...INJECTED });
    const none = bound({ apps: [] });
    none.user.edit({ ...REFUSED, ...INJECTED });
    for (const simulation of [fromSecret, none]) {
      rounds(simulation, 8);
      expect(variables(simulation)).toEqual([]);
      expect(condition(simulation, 'AppsCurrent')).toMatchObject({ status: 'False', reason: 'SpecRefused' });
      simulation.user.edit({ plan: '1g' });
      simulation.invariants.cause();
      simulation.settle(40);
      expect(variables(simulation)).toEqual(BOTH.toSorted());
    }
  });
});
