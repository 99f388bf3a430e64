import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';
import { childNames } from '../world/names.ts';

const { claim } = childNames(ADDON);

function ready(plan: string): Simulation {
  const simulation = new Simulation({ plan, apps: [{ name: 'web', env: 'Inject' }] });
  simulation.settle(20);
  simulation.node.growsVolumes = false;
  return simulation;
}

function change(simulation: Simulation, plan: string): void {
  simulation.happen({ event: 'Edit', spec: { plan } });
  for (let round = 0; round < 8; round += 1) simulation.fairRound();
}

const claimOf = (simulation: Simulation) =>
  simulation.api.get<PersistentVolumeClaim>('PersistentVolumeClaim', claim);
const asked = (simulation: Simulation) => claimOf(simulation)?.spec?.resources?.requests?.['storage'];
const readyOf = ({ addon }: Simulation) => addon?.status?.conditions?.find(({ type }) => type === 'Ready');
const restarts = ({ operator }: Simulation) =>
  operator.writes.filter((write) => write.startsWith('patch Deployment')).length;

function says(simulation: Simulation, status: object): void {
  simulation.api.change('PersistentVolumeClaim', claim, (object) => ({
    ...object,
    status: { ...object.status, ...status },
  }));
}

describe('a larger plan whose volume does not grow', () => {
  it('is called in force when the volume is there; the database and its apps wait for nothing', () => {
    const simulation = ready('1g');
    const before = restarts(simulation);
    change(simulation, '2g');
    expect(asked(simulation)).toBe('40Gi');
    expect(simulation.node.served()).toContain('2Gi');
    expect(restarts(simulation)).toBe(before + 1);
    expect(simulation.node.appSaw).toBe(simulation.node.served());
    expect(simulation.addon?.status?.plan).toBe('1g');
    expect(readyOf(simulation)).toMatchObject({ status: 'False', reason: 'ChangingPlan' });
    expect(readyOf(simulation)?.message).toBe(
      'The database runs with plan 2g; its volume has 20Gi of 40Gi yet: it grows.',
    );
    simulation.node.growsVolumes = true;
    simulation.settle(10);
    expect(simulation.addon?.status?.plan).toBe('2g');
    expect(restarts(simulation)).toBe(before + 1);
  });

  it('is told with the words of the claim, and writes status once for them', () => {
    const simulation = ready('1g');
    change(simulation, '2g');
    let writes = 0;
    simulation.api.watch((_, after) => {
      if (after?.kind === 'InfluxAddon' && simulation.api.writer === 'Operator') writes += 1;
    });
    const error = { type: 'ControllerResizeError', status: 'True', message: 'disk type does not grow' };
    says(simulation, {
      conditions: [{ type: 'Resizing', status: 'True' }, error],
      allocatedResourceStatuses: { storage: 'ControllerResizeInfeasible' },
    });
    for (let round = 0; round < 8; round += 1) simulation.fairRound();
    expect(readyOf(simulation)?.message).toContain(
      'ControllerResizeInfeasible; ControllerResizeError: disk type does not grow',
    );
    says(simulation, { conditions: [{ type: 'Resizing', status: 'True', reason: 'again' }, error] });
    for (let round = 0; round < 8; round += 1) simulation.fairRound();
    expect(writes).toBe(1);
  });

  it.each([
    ['1g', '20481Mi'],
    ['512m', '20481Mi'],
  ])(
    'taken back to %s is done with the old volume, and asks for no more than Kubernetes demands',
    (plan, size) => {
      const simulation = ready('1g');
      change(simulation, '2g');
      simulation.happen({ event: 'Edit', spec: { plan } });
      simulation.settle(20);
      expect(asked(simulation)).toBe(size);
      expect(simulation.addon?.status?.plan).toBe(plan);
      expect(readyOf(simulation)).toMatchObject({ status: 'True', reason: 'Ready' });
      const writes = simulation.operator.writes.length;
      simulation.node.growsVolumes = true;
      simulation.settle(10);
      expect(simulation.operator.writes).toHaveLength(writes);
    },
  );

  it('and whose claim may not ask for less holds nothing, says so, and tries again', () => {
    const simulation = ready('1g');
    change(simulation, '2g');
    simulation.obstacles.begin({ what: 'Refused', target: `PersistentVolumeClaim/${claim}` }, simulation.now);
    simulation.happen({ event: 'Edit', spec: { plan: '1g' } });
    simulation.settle(20);
    expect(asked(simulation)).toBe('40Gi');
    expect(readyOf(simulation)).toMatchObject({ status: 'True', reason: 'Ready' });
    expect(readyOf(simulation)?.message).toContain(
      'goes on asking for 40Gi, since less is refused: PersistentVolumeClaim/my-app-influx-data is refused by a policy',
    );
    simulation.obstacles.end();
    simulation.happen({ event: 'Wait', seconds: 31 * 60 });
    simulation.settle(10);
    expect(asked(simulation)).toBe('20481Mi');
    expect(readyOf(simulation)?.message).toBe('the database answers, and the spec is in force');
  });

  it.each([0, 1, 2, 3, 4, 5, 6])('taken back, ends the same after a crash at action %i', (actions) => {
    const simulation = ready('1g');
    change(simulation, '2g');
    simulation.happen({ event: 'Edit', spec: { plan: '1g' } });
    simulation.operator.operate(simulation.now, { actions, end: 'Crash', stale: new Set() });
    simulation.settle(20);
    expect(asked(simulation)).toBe('20481Mi');
    expect(simulation.addon?.status?.plan).toBe('1g');
  });
});

describe('a plan whose volume is there', () => {
  it('waits for nothing that somebody asked for beside it, and keeps that', () => {
    const simulation = ready('1g');
    simulation.api.change('PersistentVolumeClaim', claim, (object) => ({
      ...object,
      spec: { ...object.spec, resources: { requests: { storage: '100Gi' } } },
    }));
    change(simulation, '512m');
    expect(simulation.addon?.status?.plan).toBe('512m');
    expect(readyOf(simulation)).toMatchObject({ status: 'True' });
    expect(asked(simulation)).toBe('100Gi');
  });

  it('is in force at once on a volume that was larger already', () => {
    const simulation = ready('2g');
    change(simulation, '512m');
    change(simulation, '1g');
    expect(simulation.addon?.status?.plan).toBe('1g');
    expect(readyOf(simulation)).toMatchObject({ status: 'True' });
  });
});
