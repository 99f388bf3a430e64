import { describe, expect, it } from 'vitest';
import type { Secret, StatefulSet } from '../kube/objects/kinds.ts';
import type { Workload } from './world/world.ts';
import { decode } from './world/secret-data.ts';
import { childNames, userSecretName } from './world/names.ts';
import { variablesIn } from './testing/apps.ts';
import { BROKEN_VERSION } from './testing/model/model-node.ts';
import { ADDON, Simulation, type SimulationEvent } from './testing/model/simulation.ts';

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

describe('a change that is taken back', () => {
  const restarts = (simulation: Simulation) =>
    simulation.operator.writes.filter((write) => write.startsWith('patch Deployment')).length;
  const template = (simulation: Simulation) => simulation.api.get<Workload>('Deployment', 'web')?.spec;
  const undo = (simulation: Simulation, spec: Workload['spec']) =>
    simulation.api.change('Deployment', 'web', (object) => ({ ...object, spec }) as typeof object);
  const edit = (simulation: Simulation, spec: Parameters<Simulation['createAddon']>[0]) =>
    simulation.happen({ event: 'Edit', spec });

  it.each(['Inject', 'FromSecret'] as const)(
    'restarts an app (%s) for each change, though somebody has put back its template of the first in between',
    (env) => {
      const simulation = ready({ apps: [{ name: 'web', env }] });
      const first = template(simulation);
      const before = restarts(simulation);
      for (let round = 1; round <= 3; round += 1) {
        edit(simulation, { plan: '512m' });
        simulation.settle(20);
        undo(simulation, first);
        simulation.settle(20);
        edit(simulation, { plan: '1g' });
        simulation.settle(20);
        expect(restarts(simulation)).toBe(before + 2 * round);
        expect(simulation.node.appSaw).toBe(simulation.node.served());
        undo(simulation, first);
      }
    },
  );

  it.each(Array.from({ length: 12 }, (_, index) => index))(
    'after a crash at action %i, and with its template put back, restarts the app for what it came back to',
    (n) => {
      const simulation = ready();
      const first = template(simulation);
      edit(simulation, { plan: '512m' });
      for (let left = n; left > 0; ) {
        const done = simulation.operator.writes.length;
        crashAfter(simulation, left);
        simulation.node.step(simulation.now);
        simulation.node.step(simulation.now);
        simulation.now += 1_000;
        left -= Math.max(1, simulation.operator.writes.length - done);
      }
      if (template(simulation) !== first) undo(simulation, first);
      simulation.node.step(simulation.now);
      edit(simulation, { plan: '1g' });
      simulation.settle(20);
      expect(simulation.node.appSaw).toBe(simulation.node.served());
    },
  );

  it('before the database came up with it restarts nothing', () => {
    const simulation = ready();
    const before = restarts(simulation);
    edit(simulation, { version: BROKEN_VERSION });
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    edit(simulation, { version: '1.8.10' });
    simulation.settle(20);
    expect(restarts(simulation)).toBe(before);
  });
});

describe('an app that reads the Secret itself', () => {
  const restarts = (simulation: Simulation) =>
    simulation.operator.writes.filter((write) => write.startsWith('patch Deployment')).length;

  it('and is named in the same edit as a change is restarted for it, once', () => {
    const simulation = ready({});
    simulation.happen({ event: 'Edit', spec: { plan: '512m', apps: [{ name: 'web' }] } });
    simulation.settle(20);
    expect(restarts(simulation)).toBe(1);
    expect(simulation.node.appSaw).toBe(simulation.node.served());
  });

  it('and is named by itself is not restarted', () => {
    const simulation = ready({});
    simulation.happen({ event: 'Edit', spec: { apps: [{ name: 'web' }] } });
    simulation.settle(20);
    expect(restarts(simulation)).toBe(0);
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

  it.each(Array.from({ length: 8 }, (_, index) => index))(
    'and Running again %i actions later, before the pod is gone, restarts the apps once, whatever crashes',
    (actions) => {
      const simulation = ready();
      const patches = () => simulation.operator.writes.filter((each) => each.startsWith('patch Deployment'));
      simulation.happen({ event: 'Edit', spec: { state: 'Stopped' } });
      crashAfter(simulation, actions);
      const told = simulation.api.get<StatefulSet>('StatefulSet', names.statefulSet)?.spec?.replicas === 0;
      simulation.node.step(simulation.now);
      if (told) expect(simulation.api.get('Pod', names.pod)?.metadata.deletionTimestamp).toBeDefined();
      simulation.happen({ event: 'Edit', spec: { state: 'Running' } });
      simulation.settle(10);
      if (told) expect(patches()).toHaveLength(2);
      expect(patches().length).toBeLessThanOrEqual(2);
      expect(simulation.addon?.status?.dataPlane).not.toHaveProperty('stopping');
      expect(simulation.node.appSaw).toBe(simulation.node.served());
    },
  );

  it('is told before the pod is ended, and costs no write of status more than stopping and stopped', () => {
    const simulation = ready();
    let writes = 0;
    simulation.api.watch((_, after) => {
      if (after?.kind === 'InfluxAddon' && simulation.api.writer === 'Operator') writes += 1;
    });
    simulation.happen({ event: 'Edit', spec: { state: 'Stopped' } });
    crashAfter(simulation, 1);
    expect(simulation.addon?.status?.dataPlane).toMatchObject({ starts: 0, stopping: true });
    expect(simulation.api.get<StatefulSet>('StatefulSet', names.statefulSet)?.spec?.replicas).toBe(1);
    simulation.settle(10);
    expect(simulation.addon?.status?.dataPlane).not.toHaveProperty('stopping');
    expect(writes).toBe(2);
  });
});

describe('a user with the name of what every object has', () => {
  it('is made, gets its Secret and goes', () => {
    const simulation = ready({ users: [{ name: 'constructor', access: 'Read' }] });
    const listed = () => simulation.addon?.status?.users?.filter((user) => user.listed);
    expect(listed()).toMatchObject([{ name: 'constructor', secret: expect.stringContaining('constructor') }]);
    simulation.happen({ event: 'Edit', spec: { users: [] } });
    simulation.settle(10);
    expect(listed() ?? []).toEqual([]);
  });
});

describe('a volume claim that somebody deletes', () => {
  /** The claim goes with its pod, before the operator looks. */
  const lose = (simulation: Simulation): void => {
    simulation.happen({ event: 'DeleteClaim' });
    simulation.happen({ event: 'Evict' });
    for (let step = 0; step < 4; step += 1) simulation.node.step(simulation.now);
  };

  const claims = (simulation: Simulation) =>
    simulation.operator.writes.filter((write) => write.startsWith('create PersistentVolumeClaim')).length;
  const rounds = (simulation: Simulation, count: number) => {
    for (let round = 0; round < count; round += 1) simulation.fairRound();
  };

  it.each<Parameters<Simulation['createAddon']>[0]>([
    { plan: '512m' },
    { state: 'Stopped' },
    { version: '1.8.5' },
    { plan: 'none' },
    {},
  ])('keeps its pod, and what is asked for meanwhile (%j) waits', (spec) => {
    const simulation = ready();
    const pod = simulation.api.get('Pod', names.pod)?.metadata.uid;
    simulation.happen({ event: 'DeleteClaim' });
    simulation.happen({ event: 'Edit', spec });
    simulation.happen({ event: 'DamageDatabase', how: 'DropAdministrator' });
    rounds(simulation, 12);
    expect(conditionOf(simulation, 'Stalled')?.reason).toBe('VolumeBeingDeleted');
    expect(simulation.api.get('Pod', names.pod)?.metadata.uid).toBe(pod);
  });

  it('is told as lost when the pod ends, restarts no app, and is not made again before it is given up', () => {
    const simulation = ready();
    const patches = () => simulation.operator.writes.filter((write) => write.startsWith('patch Deployment'));
    const before = patches().length;
    simulation.happen({ event: 'DeleteClaim' });
    simulation.fairRound();
    simulation.happen({ event: 'Evict' });
    rounds(simulation, 12);
    expect(conditionOf(simulation, 'Stalled')?.reason).toBe('DataLost');
    expect(conditionOf(simulation, 'Ready')?.status).toBe('False');
    simulation.happen({ event: 'Edit', spec: { state: 'Stopped' } });
    rounds(simulation, 3);
    simulation.happen({ event: 'Edit', spec: { state: 'Running' } });
    rounds(simulation, 12);
    expect([claims(simulation), patches().length]).toEqual([1, before]);
    expect(simulation.api.get('PersistentVolumeClaim', names.claim)).toBeUndefined();
    simulation.user.giveUpData();
    simulation.settle(20);
    expect(claims(simulation)).toBe(2);
  });

  it('is lost, too, when an engine answers that knows neither database nor user; one of them is drift', () => {
    const simulation = ready({});
    simulation.happen({ event: 'DamageDatabase', how: 'DropDatabase' });
    rounds(simulation, 8);
    expect(conditionOf(simulation, 'Ready')?.status).toBe('True');
    simulation.happen({ event: 'DamageDatabase', how: 'DropUser' });
    simulation.happen({ event: 'DamageDatabase', how: 'DropDatabase' });
    rounds(simulation, 12);
    expect(conditionOf(simulation, 'Stalled')?.reason).toBe('DataLost');
    expect(simulation.node.answering()?.databases.size).toBe(0);
    simulation.user.giveUpData();
    simulation.settle(20);
    expect(simulation.addon?.status?.lastHandled?.startEmpty).toBeDefined();
  });

  it.each([
    ['lost', 'LoseVolume', 'DataLost'],
    ['deleted', 'DeleteClaim', 'VolumeBeingDeleted'],
  ] as const)(
    'and that is %s under a UID nobody was told is given up beforehand by one word',
    (_, event, reason) => {
      const simulation = ready();
      const uid = simulation.api.get('PersistentVolumeClaim', names.claim)?.metadata.uid ?? '';
      // As a release left it that did not write it down.
      simulation.api.change('InfluxAddon', ADDON, (object) => {
        const { status } = object as { status?: { storage?: object } };
        return { ...object, status: { ...status, storage: { ...status?.storage, uid: undefined } } };
      });
      simulation.happen({ event });
      simulation.api.change('InfluxAddon', ADDON, ({ metadata, ...object }) => {
        const annotations = { ...metadata.annotations, 'influxaddon.dev/start-empty': uid };
        return { ...object, metadata: { ...metadata, annotations } };
      });
      const asked = new Set<string | undefined>();
      simulation.api.watch(() => {
        const stalled = conditionOf(simulation, 'Stalled');
        const token = stalled?.message.match(/start-empty: "([^"]+)"/)?.[1];
        if (stalled?.status === 'True') asked.add(`${stalled.reason} ${token}`);
      });
      simulation.settle(20);
      expect([...asked]).toEqual([`${reason} ${uid}`]);
      expect(claims(simulation)).toBe(2);
    },
  );

  it('is another loss when it was bound again by hand and answered nothing yet: the former word is not for it', () => {
    const simulation = ready();
    lose(simulation);
    rounds(simulation, 4);
    simulation.user.giveUpData();
    simulation.user.bindVolumeAgain();
    const { uid } = simulation.api.get('PersistentVolumeClaim', names.claim)?.metadata ?? {};
    simulation.fairRound();
    expect(conditionOf(simulation, 'Ready')?.reason).toBe('Provisioning');
    expect(simulation.addon?.status?.storage?.uid).toBe(uid);
    lose(simulation);
    rounds(simulation, 6);
    expect(conditionOf(simulation, 'Stalled')?.message).toContain(`start-empty: "${uid}"`);
    expect(claims(simulation)).toBe(1);
    simulation.user.giveUpData();
    simulation.settle(20);
    expect(claims(simulation)).toBe(2);
  });

  it('that nobody could hear of is given up with the loss that status tells', () => {
    const simulation = ready();
    lose(simulation);
    simulation.user.bindVolumeAgain();
    lose(simulation);
    rounds(simulation, 4);
    expect(conditionOf(simulation, 'Stalled')?.reason).toBe('DataLost');
    simulation.user.giveUpData();
    simulation.settle(20);
    expect(claims(simulation)).toBe(2);
  });

  it('goes with its pod when it is let go, and the database starts on another', () => {
    const simulation = ready();
    simulation.happen({ event: 'DeleteClaim' });
    rounds(simulation, 2);
    simulation.user.giveUpData();
    simulation.settle(20);
    expect(claims(simulation)).toBe(2);
    // The same word lets no other volume go.
    simulation.happen({ event: 'DeleteClaim' });
    rounds(simulation, 6);
    expect(conditionOf(simulation, 'Stalled')?.reason).toBe('VolumeBeingDeleted');
  });
});

describe('a listed user to whose login the database does not answer', () => {
  it('keeps the addon from being ready, which has no Secret for it yet, and is tried again soon', () => {
    const simulation = ready({});
    const engine = simulation.node.answering();
    const secret = () => simulation.api.get<Secret>('Secret', userSecretName(ADDON, 'reader'));
    if (engine !== undefined) engine.deaf = new Set(['reader']);
    simulation.happen({ event: 'Edit', spec: { users: [{ name: 'reader', access: 'Read' }] } });
    for (let round = 0; round < 4; round += 1) simulation.fairRound(2);
    expect([...(engine?.users.keys() ?? [])]).toContain('reader');
    expect(secret()).toBeUndefined();
    expect(conditionOf(simulation, 'Ready')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('login of reader'),
    });
    expect(conditionOf(simulation, 'Available')?.status).toBe('True');
    if (engine !== undefined) engine.deaf = new Set();
    for (let round = 0; round < 4; round += 1) simulation.fairRound(2);
    expect(secret()).toBeDefined();
    expect(conditionOf(simulation, 'Ready')?.status).toBe('True');
  });
});

describe('an administrator that no start of the pod lets in', () => {
  const podsEnded = (simulation: Simulation) =>
    simulation.operator.writes.filter((write) => write.startsWith('delete Pod')).length;

  it.each([
    [3, 1],
    [59, 1],
    [3 * 60, 3],
  ])('costs the app at most one restart an hour: within %i minutes %i', (minutes, restarts) => {
    const simulation = ready();
    const engine = simulation.node.engine();
    if (engine === undefined) throw new Error('there is no engine');
    engine.incurable = true;
    simulation.now += 30_000;
    simulation.happen({ event: 'DamageDatabase', how: 'DropAdministrator' });
    const since = simulation.now;
    const elapsed = () => simulation.now - since;
    for (let round = 0; elapsed() < minutes * 60_000 - 10_000; round += 1) {
      // A new operator remembers nothing, and a look at another time finds nothing else to do.
      if (round % 7 === 0) simulation.operator.crash();
      simulation.operator.operate(simulation.now);
      simulation.node.step(simulation.now);
      simulation.now += 10_000;
    }
    expect(podsEnded(simulation)).toBe(restarts);
    const told = conditionOf(simulation, 'Ready');
    expect(told).toMatchObject({ status: 'False', reason: 'Degraded' });
    expect(told?.message).toMatch(/the administrator cannot log in.*is restarted again not before/);
  });
});

describe('a Secret that may not be written', () => {
  const restarts = (simulation: Simulation) =>
    simulation.operator.writes.filter((write) => write.startsWith('patch Deployment')).length;

  it.each<[string, string, SimulationEvent]>([
    ['the URL', names.urlSecret, { event: 'Edit', spec: { connection: { prefix: 'METRICS' } } }],
    ['the URL', names.urlSecret, { event: 'Rotate', token: 'a' }],
    ['the binding', names.bindingSecret, { event: 'Rotate', token: 'a' }],
  ])('of %s (%s) keeps its apps as they are, with a login that works, until it may be', (_, name, event) => {
    const simulation = ready();
    simulation.invariants.appsCanLogIn = true;
    const before = restarts(simulation);
    simulation.obstacles.begin({ what: 'Refused', target: `Secret/${name}` }, simulation.now);
    simulation.happen(event);
    for (let round = 0; round < 20; round += 1) simulation.fairRound();
    expect(restarts(simulation)).toBe(before);
    expect(conditionOf(simulation, 'Stalled')).toMatchObject({ status: 'True', reason: 'Forbidden' });
    simulation.obstacles.end();
    simulation.settle(20);
    expect(restarts(simulation)).toBe(before + 1);
  });
});

describe('an app whose patch is refused', () => {
  it('is told of in AppsCurrent, while the database is ready and its maintenance goes on', () => {
    const simulation = ready();
    simulation.obstacles.begin({ what: 'Refused', target: 'Deployment/web' }, simulation.now);
    simulation.happen({ event: 'Edit', spec: { plan: '2g' } });
    for (let round = 0; round < 20; round += 1) simulation.fairRound();
    expect(conditionOf(simulation, 'AppsCurrent')).toMatchObject({ status: 'False', reason: 'Refused' });
    expect(conditionOf(simulation, 'Ready')).toMatchObject({ status: 'True', reason: 'Ready' });
    expect(conditionOf(simulation, 'Stalled')).toMatchObject({ status: 'False' });
    expect(conditionOf(simulation, 'MaintenancePending')).toMatchObject({ reason: 'NothingPending' });
    expect(simulation.addon?.status?.plan).toBe('2g');
  });

  it('is told of, too, when it is the last one and to be named no more', () => {
    const simulation = ready();
    simulation.obstacles.begin({ what: 'Refused', target: 'Deployment/web' }, simulation.now);
    simulation.happen({ event: 'Edit', spec: { apps: [] } });
    for (let round = 0; round < 8; round += 1) simulation.fairRound();
    expect(conditionOf(simulation, 'AppsCurrent')).toMatchObject({ status: 'False', reason: 'Refused' });
    simulation.obstacles.end();
    simulation.settle(20);
    expect(variables(simulation)).toEqual([]);
    expect(conditionOf(simulation, 'AppsCurrent')).toBeUndefined();
  });
});
