import { describe, expect, it } from 'vitest';
import { pick } from '../../../../test/size.ts';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import type { Secret } from '../../../kube/objects/kinds.ts';
import { appOf } from '../../testing/apps.ts';
import { ADDON, Simulation } from '../../testing/model/simulation.ts';
import type { FreezableSecret } from '../../testing/model/user.ts';
import { againFor, childNames, restartedForKey } from '../../world/names.ts';
import { decode } from '../../world/secret-data.ts';
import type { Workload } from '../../world/world.ts';

const { urlSecret, bindingSecret } = childNames(ADDON);

function ready(apps: InfluxAddonSpec['apps'] = [{ name: 'web', env: 'Inject' }]): Simulation {
  const simulation = new Simulation({ apps: apps ?? [] });
  simulation.settle(20);
  return simulation;
}

/** The operator is away for so long that a kubelet hands the Secret out. */
function freeze(simulation: Simulation, secret: FreezableSecret = 'urlSecret'): void {
  simulation.happen({ event: 'Freeze', secret });
  simulation.node.step(simulation.now);
}

/** Another login: the content of the Secret is another one, and apps are restarted. */
function rotate(simulation: Simulation, token = 'a'): void {
  simulation.happen({ event: 'Rotate', token });
  simulation.settle(80);
}

const secret = (simulation: Simulation) => simulation.api.get<Secret>('Secret', urlSecret);
const app = (simulation: Simulation) => simulation.api.get<Workload>('Deployment', 'web');
const entry = (simulation: Simulation) => simulation.addon?.status?.apps?.[0];
const restarts = (simulation: Simulation) =>
  simulation.operator.writes.filter((write) => write.startsWith('patch Deployment')).length;
const appsCurrent = (simulation: Simulation) =>
  simulation.addon?.status?.conditions?.find(({ type }) => type === 'AppsCurrent');

function expectThrough(simulation: Simulation): void {
  expect(decode(secret(simulation))['INFLUX_URL']).toBe(simulation.node.appUrl);
  expect(entry(simulation)).not.toHaveProperty('frozen');
  expect(entry(simulation)).not.toHaveProperty('againAfter');
  expect(appsCurrent(simulation)).toMatchObject({ status: 'True', reason: 'Current' });
}

describe('an app that reads a Secret that was made immutable', () => {
  it('is restarted once more after the restart for another content, and runs with that', () => {
    const simulation = ready();
    const before = restarts(simulation);
    freeze(simulation);
    simulation.settle(20);
    expect(restarts(simulation)).toBe(before);
    expect(entry(simulation)).toHaveProperty('frozen');
    rotate(simulation);
    expect(restarts(simulation)).toBe(before + 2);
    expectThrough(simulation);
    const { revision = '' } = entry(simulation) ?? {};
    const mark = app(simulation)?.spec?.template.metadata?.annotations?.[restartedForKey(ADDON)];
    expect(mark).toBe(againFor(revision));
    // And not for the next change.
    rotate(simulation, 'b');
    expect(restarts(simulation)).toBe(before + 3);
    expectThrough(simulation);
  });

  it('is not called one that runs with what it depends on between the two', () => {
    const simulation = ready();
    simulation.invariants.appsCanLogIn = true;
    const before = restarts(simulation);
    freeze(simulation);
    simulation.happen({ event: 'Rotate', token: 'a' });
    for (let round = 0; round < 40 && restarts(simulation) === before; round += 1) simulation.fairRound();
    simulation.fairRound();
    expect(appsCurrent(simulation)).toMatchObject({ status: 'False', reason: 'RestartWaiting' });
    expect(simulation.addon?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'True', reason: 'RestartingApps' }),
    );
    // The app has the former login until then, which works.
    expect(simulation.node.appUrl).not.toBe(decode(secret(simulation))['INFLUX_URL']);
    expect(simulation.addon?.status?.rotation?.message).toContain('Deployment web has the new credentials');
    simulation.settle(80);
    expect(restarts(simulation)).toBe(before + 2);
    expectThrough(simulation);
  });

  it('is restarted once for what is not in the Secret, and twice for the next that is', () => {
    const simulation = ready();
    const before = restarts(simulation);
    freeze(simulation);
    simulation.happen({ event: 'Edit', spec: { plan: '512m' } });
    simulation.settle(20);
    expect(restarts(simulation)).toBe(before + 1);
    rotate(simulation);
    expect(restarts(simulation)).toBe(before + 3);
    expectThrough(simulation);
  });

  it('is restarted once for each of two changes, and once more, when the second comes before that', () => {
    const simulation = ready();
    const before = restarts(simulation);
    freeze(simulation);
    simulation.happen({ event: 'Rotate', token: 'a' });
    for (let round = 0; round < 40 && restarts(simulation) === before; round += 1) simulation.fairRound();
    simulation.happen({ event: 'Edit', spec: { plan: '512m' } });
    simulation.settle(80);
    expect(restarts(simulation)).toBe(before + 3);
    expectThrough(simulation);
  });

  const all = Array.from({ length: 30 }, (_, actions) => actions);
  it.each(pick([0, 1, 2, 3, 5, 8], all))(
    'is restarted exactly twice, with a crash at write %i, and another after each restart',
    (actions) => {
      const simulation = ready();
      const before = restarts(simulation);
      freeze(simulation);
      simulation.happen({ event: 'Rotate', token: 'a' });
      let left = actions;
      for (let round = 0; round < 12; round += 1) {
        const written = simulation.operator.writes.length;
        simulation.operator.operate(simulation.now, { actions: left, end: 'Crash', stale: new Set() });
        left = Math.max(0, left - (simulation.operator.writes.length - written));
        simulation.node.step(simulation.now);
        if (left === 0) break;
        simulation.now += 10_000;
      }
      for (let round = 0; round < 40; round += 1) {
        const done = restarts(simulation);
        simulation.fairRound();
        if (restarts(simulation) > done) simulation.operator.crash();
      }
      simulation.settle(80);
      expect(restarts(simulation)).toBe(before + 2);
      expectThrough(simulation);
    },
  );

  it.each(['Deployment/web', `Secret/${urlSecret}`, 'InfluxAddon/my-app'])(
    'is restarted exactly twice where the operator has not heard of %s',
    (stale) => {
      const simulation = ready();
      const before = restarts(simulation);
      freeze(simulation);
      simulation.happen({ event: 'Rotate', token: 'a' });
      for (let round = 0; round < 60; round += 1) {
        const options = {
          actions: Infinity,
          end: 'Crash',
          stale: new Set(round % 3 ? [stale] : []),
        } as const;
        simulation.operator.operate(simulation.now, options);
        simulation.node.step(simulation.now);
        simulation.now += 10_000;
      }
      simulation.settle(80);
      expect(restarts(simulation)).toBe(before + 2);
      expectThrough(simulation);
    },
  );
});

describe('which apps read it', () => {
  const reading = {
    'a variable of its own': {
      env: [{ name: 'URL', valueFrom: { secretKeyRef: { name: urlSecret, key: 'INFLUX_URL' } } }],
    },
    'the whole Secret': { envFrom: [{ secretRef: { name: urlSecret } }] },
  };
  const mounted = (name: string) => ({
    volumes: [{ name: 'binding', projected: { sources: [{ secret: { name } }] } }],
  });
  const withTemplate = (container: object, template: object) => {
    const simulation = ready([{ name: 'web' }]);
    const { spec } = appOf([{ name: 'web', image: 'web:1', ...container }]);
    simulation.happen({ event: 'App', what: 'Change' });
    simulation.api.change('Deployment', 'web', (object) => ({
      ...object,
      spec: { ...spec, template: { ...spec?.template, spec: { ...spec?.template.spec, ...template } } },
    }));
    simulation.settle(20);
    return simulation;
  };
  type Row = readonly [string, object, object, 'urlSecret' | 'bindingSecret', boolean];
  const rows: readonly Row[] = [
    ...Object.entries(reading).map(([name, container]): Row => [name, container, {}, 'urlSecret', true]),
    ['a volume', {}, mounted(urlSecret), 'urlSecret', true],
    ['a volume of the binding', {}, mounted(bindingSecret), 'bindingSecret', true],
    ['nothing of it', {}, {}, 'urlSecret', false],
    ['another one', reading['the whole Secret'], {}, 'bindingSecret', false],
    ['another volume', {}, mounted(bindingSecret), 'urlSecret', false],
  ];

  it.each(rows)('%s', (_, container, template, which, isRead) => {
    const simulation = withTemplate(container, template);
    simulation.invariants.cause(); // of the Secret for apps, the model knows that by itself
    const before = restarts(simulation);
    freeze(simulation, which);
    simulation.settle(20);
    expect(entry(simulation)?.frozen !== undefined).toBe(isRead);
    rotate(simulation);
    expect(restarts(simulation)).toBe(before + (isRead ? 2 : 1));
    expect(entry(simulation)).not.toHaveProperty('againAfter');
  });

  it('none, when it is deleted and made again, or nothing was frozen', () => {
    const simulation = ready();
    const before = restarts(simulation);
    simulation.happen({ event: 'RemoveChildren', children: ['urlSecret'] });
    simulation.settle(20);
    expect(entry(simulation)).not.toHaveProperty('frozen');
    rotate(simulation);
    expect(restarts(simulation)).toBe(before + 1);
  });
});
