import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, Pod } from '../../kube/objects/kinds.ts';
import { childNames } from '../world/names.ts';
import type { DatabaseDamage } from '../testing/model/user.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';

const names = childNames(ADDON);
const GROWING = {
  plan: '512m',
  storage: { autoGrow: 'Enabled' as const },
  apps: [{ name: 'web', env: 'Inject' as const }],
};

function ready(spec: ConstructorParameters<typeof Simulation>[0]): Simulation {
  const simulation = new Simulation(spec);
  simulation.settle(20);
  return simulation;
}

function happenToDatabase(simulation: Simulation, how: DatabaseDamage): void {
  simulation.happen({ event: 'DamageDatabase', how });
}

function rounds(simulation: Simulation, count: number): void {
  for (let round = 0; round < count; round += 1) simulation.fairRound();
}

function conditionOf(simulation: Simulation, type: string) {
  return simulation.addon?.status?.conditions?.find((condition) => condition.type === type);
}

function size(simulation: Simulation): string | undefined {
  const claim = simulation.api.get<PersistentVolumeClaim>('PersistentVolumeClaim', names.claim);
  return claim?.spec?.resources?.requests?.['storage'];
}

function podUid(simulation: Simulation): string | undefined {
  return simulation.api.get<Pod>('Pod', names.pod)?.metadata.uid;
}

describe('a volume that is filling', () => {
  it('grows by one write, and nothing is restarted', () => {
    const simulation = ready(GROWING);
    const [pod, writes] = [podUid(simulation), simulation.operator.writes.length];
    happenToDatabase(simulation, 'FillVolume');
    rounds(simulation, 20);
    expect(simulation.operator.writes.slice(writes)).toEqual([`grow ${names.claim}`]);
    expect(size(simulation)).toBe('12Gi');
    expect(simulation.addon?.status?.storage).toMatchObject({ requested: '12Gi', actual: '12Gi' });
    expect(podUid(simulation)).toBe(pod);
    expect(conditionOf(simulation, 'Ready')?.status).toBe('True');
  });

  it.each([0, 1, 2])('grows once, whatever crash there is after %i actions', (actions) => {
    for (const end of ['Crash', 'AnswerLost'] as const) {
      const simulation = ready(GROWING);
      happenToDatabase(simulation, 'FillVolume');
      for (let round = 0; round < 6; round += 1) {
        simulation.now += 10_000;
        simulation.operator.operate(simulation.now, { actions, end, stale: new Set() });
      }
      rounds(simulation, 20);
      expect(size(simulation)).toBe('12Gi');
      expect(simulation.operator.writes.filter((write) => write.startsWith('grow'))).toHaveLength(1);
    }
  });

  it('is restarted once when it was full, and its app is not', () => {
    const simulation = ready(GROWING);
    const [pod, writes] = [podUid(simulation), simulation.operator.writes.length];
    happenToDatabase(simulation, 'OverfillVolume');
    rounds(simulation, 40);
    expect(simulation.operator.writes.slice(writes)).toEqual([
      `grow ${names.claim}`,
      `delete Pod ${names.pod} (its volume was full, and has grown)`,
    ]);
    expect(podUid(simulation)).not.toBe(pod);
    expect(conditionOf(simulation, 'Ready')?.status).toBe('True');
    const after = podUid(simulation);
    rounds(simulation, 40);
    expect(podUid(simulation)).toBe(after);
  });

  it('keeps its size when the plan is changed, up and down, and is asked to grow no more without autoGrow', () => {
    const simulation = ready(GROWING);
    happenToDatabase(simulation, 'FillVolume');
    rounds(simulation, 10);
    for (const spec of [{ storage: {} }, { plan: '1g' }, { plan: '512m' }]) {
      simulation.happen({ event: 'Edit', spec });
      simulation.settle(20);
    }
    expect(size(simulation)).toBe('20Gi');
    expect(simulation.addon?.status?.plan).toBe('512m');
  });

  it('is told of, and nothing is written but that, when it may not grow', () => {
    const simulation = ready({ ...GROWING, storage: {} });
    const writes = simulation.operator.writes.length;
    happenToDatabase(simulation, 'FillVolume');
    rounds(simulation, 20);
    expect(simulation.operator.writes).toHaveLength(writes);
    expect(size(simulation)).toBe('10Gi');
    expect(conditionOf(simulation, 'StorageFilling')?.status).toBe('True');
    const { status } = simulation.addon ?? {};
    rounds(simulation, 20);
    expect(simulation.addon?.status).toBe(status);
  });
});

describe('too many series', () => {
  it('are told with what they are, and stop being told on a plan that has room for them', () => {
    const simulation = ready({ plan: '512m' });
    const pod = podUid(simulation);
    happenToDatabase(simulation, 'AddSeries');
    rounds(simulation, 20);
    expect(conditionOf(simulation, 'CardinalityHigh')).toMatchObject({
      status: 'True',
      reason: 'SeriesNearLimit',
      message: expect.stringContaining('tag "request_id"') as string,
    });
    expect(podUid(simulation)).toBe(pod);
    simulation.happen({ event: 'Edit', spec: { plan: '1g' } });
    simulation.settle(20);
    expect(conditionOf(simulation, 'CardinalityHigh')?.status).toBe('False');
  });

  it('are still told after the operator was started again, without a word changed', () => {
    const simulation = ready({ plan: '512m' });
    happenToDatabase(simulation, 'AddSeries');
    rounds(simulation, 20);
    const { status } = simulation.addon ?? {};
    simulation.operator.crash();
    rounds(simulation, 20);
    expect(simulation.addon?.status).toBe(status);
  });
});

describe('a database that was killed for its memory', () => {
  it('is told of for six hours, or until the plan has more', () => {
    const simulation = ready({ plan: '512m' });
    simulation.happen({ event: 'OutOfMemory' });
    simulation.settle(20);
    expect(conditionOf(simulation, 'MemoryExhausted')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('set spec.plan to 1g (1Gi)') as string,
    });
    simulation.now += 6 * 3_600_000;
    simulation.settle(20);
    expect(conditionOf(simulation, 'MemoryExhausted')?.status).toBe('False');

    simulation.happen({ event: 'OutOfMemory' });
    simulation.settle(20);
    simulation.happen({ event: 'Edit', spec: { plan: '1g' } });
    simulation.settle(20);
    expect(conditionOf(simulation, 'MemoryExhausted')?.status).toBe('False');
  });
});
