import { describe, expect, it } from 'vitest';
import type { Secret } from '../kube/kinds.ts';
import type { Workload } from './apps/view.ts';
import { decode } from './facts.ts';
import { childNames } from './names.ts';
import { variablesIn } from './testing/apps.ts';
import { BROKEN_VERSION } from './testing/model/model-node.ts';
import { ADDON, Simulation } from './testing/model/simulation.ts';

/** Stories that the random ones found once, or are unlikely to find. Every invariant is checked in them too. */
const names = childNames(ADDON);
const INJECT = { apps: [{ name: 'web', env: 'Inject' as const }] };
const NOTHING_STALE: ReadonlySet<string> = new Set();

function crashAfter(simulation: Simulation, actions: number): void {
  simulation.operator.operate(simulation.now, { actions, end: 'Crash', stale: NOTHING_STALE });
}

function loseAnswer(simulation: Simulation, actions: number, stale = NOTHING_STALE): void {
  simulation.operator.operate(simulation.now, { actions, end: 'AnswerLost', stale });
}

function ready(spec: ConstructorParameters<typeof Simulation>[0] = INJECT): Simulation {
  const simulation = new Simulation(spec);
  simulation.settle(20);
  return simulation;
}

function conditionOf(simulation: Simulation, type: string) {
  return simulation.addon?.status?.conditions?.find((condition) => condition.type === type);
}

function variables(simulation: Simulation): string[] {
  const app = simulation.api.get<Workload>('Deployment', 'web');
  return app === undefined ? [] : variablesIn(app, 'web');
}

describe('a crash', () => {
  it('after every single action ends in the same addon', () => {
    const simulation = new Simulation(INJECT);
    for (let round = 0; round < 60; round += 1) {
      crashAfter(simulation, 1);
      simulation.node.step(simulation.now);
      simulation.now += 1_000;
    }
    simulation.settle(5);
    expect(simulation.operator.writes.filter((write) => write.startsWith('create Secret'))).toHaveLength(3);
    expect(variables(simulation)).toHaveLength(2);
  });

  it.each([0, 1, 2, 3, 4])(
    '%i actions after an app was named leaves no variable in one that is named no more',
    (n) => {
      const simulation = ready({});
      simulation.happen({ event: 'Edit', spec: INJECT });
      crashAfter(simulation, n);
      simulation.happen({ event: 'Edit', spec: { apps: [] } });
      simulation.settle(5);
      expect(variables(simulation)).toEqual([]);
    },
  );

  it.each([0, 1, 2, 3, 4, 5])('%i actions after a change of plan restarts the app once', (n) => {
    const simulation = ready();
    const restarts = () => simulation.operator.writes.filter((write) => write.startsWith('patch Deployment'));
    expect(restarts()).toHaveLength(1);
    simulation.happen({ event: 'Edit', spec: { plan: '512m' } });
    for (let round = 0; round < 10; round += 1) {
      loseAnswer(simulation, n);
      simulation.node.step(simulation.now);
      crashAfter(simulation, n + 1);
      simulation.now += 1_000;
    }
    simulation.settle(10);
    expect(restarts()).toHaveLength(2);
  });
});

describe('an answer that is lost', () => {
  it('of the making of the claim, with the admin Secret deleted meanwhile, leaves one id', () => {
    const simulation = new Simulation(INJECT);
    loseAnswer(simulation, 2);
    const claim = `PersistentVolumeClaim/${names.claim}`;
    simulation.user.removeChild('adminSecret');
    loseAnswer(simulation, Infinity, new Set([claim]));
    simulation.settle(20);
    const { id } = decode(simulation.api.get<Secret>('Secret', names.adminSecret));
    const live = simulation.api.get('PersistentVolumeClaim', names.claim);
    expect(live?.metadata.annotations).toMatchObject({ 'influxaddon.dev/id': id });
  });
});

describe('a version whose image cannot be had', () => {
  it('is taken back, the first one too', () => {
    const simulation = new Simulation({ ...INJECT, version: BROKEN_VERSION });
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    expect(conditionOf(simulation, 'Ready')?.message).toContain('cannot be pulled');
    simulation.happen({ event: 'Edit', spec: { version: '1.7' } });
    simulation.settle(20);
    simulation.happen({ event: 'Edit', spec: { version: '1.8.10' } });
    simulation.settle(20);
    expect(simulation.addon?.status?.version).toBe('1.8.10');
  });

  it('is taken back to the version that opened the data, and to no older one', () => {
    const simulation = ready({ version: '1.8.5' });
    simulation.happen({ event: 'Edit', spec: { version: BROKEN_VERSION } });
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    simulation.happen({ event: 'Edit', spec: { version: '1.7.11' } });
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    expect(conditionOf(simulation, 'Stalled')).toMatchObject({ status: 'True', reason: 'DowngradeRefused' });
    simulation.happen({ event: 'Edit', spec: { version: '1.8.5' } });
    simulation.settle(20);
    expect(simulation.node.engine()?.openedBy).toBe('1.8.5');
  });

  it('does not keep a lost admin Secret from being made again', () => {
    const simulation = new Simulation({ ...INJECT, version: BROKEN_VERSION });
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    simulation.user.removeChild('adminSecret');
    simulation.happen({ event: 'Edit', spec: { version: '1.8.10' } });
    simulation.settle(20);
    expect(simulation.api.get('Secret', names.adminSecret)).toBeDefined();
  });
});

describe('a version that can be had', () => {
  it.each([0, 1, 2, 3, 4])(
    'is not gone below when the wish changes %i steps of the node after it',
    (steps) => {
      const simulation = new Simulation({ version: '1.8.10' });
      simulation.operator.operate(simulation.now);
      for (let step = 0; step < steps; step += 1) simulation.node.step(simulation.now);
      simulation.happen({ event: 'Edit', spec: { version: '1.7.11' } });
      simulation.operator.operate(simulation.now);
      for (let round = 0; round < 8; round += 1) simulation.fairRound();
      expect(simulation.node.engine()?.openedBy).toBe('1.8.10');
    },
  );
});

describe('Stopped', () => {
  it('takes the pod away, keeps the rest, and restarts the apps once after the next start', () => {
    const simulation = ready();
    simulation.happen({ event: 'Edit', spec: { state: 'Stopped' } });
    simulation.settle(10);
    expect(conditionOf(simulation, 'Ready')).toMatchObject({ status: 'True', reason: 'Stopped' });
    expect(simulation.api.get('PersistentVolumeClaim', names.claim)).toBeDefined();
    simulation.happen({ event: 'Edit', spec: { state: 'Running' } });
    simulation.settle(10);
    const restarts = simulation.operator.writes.filter((write) => write.startsWith('patch Deployment'));
    expect(restarts).toHaveLength(2);
  });
});
