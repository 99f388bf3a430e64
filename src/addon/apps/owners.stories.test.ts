import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Workload } from '../world/world.ts';
import { variablesIn } from '../testing/apps.ts';
import { Simulation } from '../testing/model/simulation.ts';

const BOTH = ['INFLUX_URL', 'SCALINGO_INFLUX_URL'];
const bound = (env: 'Inject' | 'FromSecret') => ({ apps: [{ name: 'web', env }] });

/** An app with injected variables, of which its owner has written some into his own manifest since. */
function ready(own: readonly string[]): Simulation {
  const simulation = new Simulation(bound('Inject'));
  simulation.settle(20);
  const env = own.map((name) => ({ name }));
  const text = JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'web', env }] } } } });
  simulation.api.change('Deployment', 'web', (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text },
    },
  }));
  return simulation;
}

function edit(simulation: Simulation, spec: Partial<InfluxAddonSpec>): string[] {
  const { length } = simulation.operator.writes;
  simulation.happen({ event: 'Edit', spec });
  simulation.settle(20);
  return simulation.operator.writes.slice(length).filter((write) => write.includes('Deployment'));
}

function variables(simulation: Simulation): string[] {
  const app = simulation.api.get<Workload>('Deployment', 'web');
  return app === undefined ? [] : variablesIn(app, 'web').toSorted();
}

describe('a variable that the owner of the app wrote', () => {
  it.each<[string, Partial<InfluxAddonSpec>]>([
    ['env is FromSecret now', bound('FromSecret')],
    ['the app is taken out of the spec', { apps: [] }],
    ['the containers are narrowed', { apps: [{ name: 'web', env: 'Inject', containers: [] }] }],
  ])('stays when %s, and without any other the app is not restarted', (_, spec) => {
    const simulation = ready(BOTH);
    expect(edit(simulation, spec)).toEqual([]);
    expect(variables(simulation)).toEqual(BOTH);
    const some = ready(['INFLUX_URL']);
    expect(edit(some, spec)).toHaveLength(1);
    expect(variables(some)).toEqual(['INFLUX_URL']);
  });

  it('stays when the addon is deleted, which does not wait for it', () => {
    const simulation = ready(BOTH);
    simulation.user.deleteAddon();
    simulation.finishDeletion(10);
    expect(variables(simulation)).toEqual(BOTH);
  });

  it('stays beside those of another prefix, with one restart for these', () => {
    const simulation = ready(BOTH);
    expect(edit(simulation, { connection: { prefix: 'METRICS', alias: '' } })).toHaveLength(1);
    expect(variables(simulation)).toEqual([...BOTH, 'METRICS_URL'].toSorted());
  });
});
