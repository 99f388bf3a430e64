import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import type { Stored } from '../../testing/model/model-api.ts';
import type { Obstacle } from '../../testing/model/obstacles.ts';
import { ADDON, Simulation } from '../../testing/model/simulation.ts';
import { childNames } from '../../world/names.ts';

const names = childNames(ADDON);
const MINUTE_S = 60;

type Change = (object: Stored) => Stored;

/** Somebody who makes something else of an object of ours: as it is stored, or a moment after. */
interface Other {
  readonly how: 'Webhook' | 'Controller';
  readonly kind: string;
  readonly name: string;
  readonly change: Change;
}

const toTemplate =
  (change: (template: PodTemplateSpec) => object): Change =>
  (object) => {
    const { template } = object.spec as { template: PodTemplateSpec };
    return { ...object, spec: { ...object.spec, template: { ...template, ...change(template) } } };
  };

const mirrored = toTemplate(({ spec }) => {
  const all = (list: PodTemplateSpec['spec'] & object) =>
    list.containers.map((each) => ({ ...each, image: `mirror.example/${each.image?.split('/').at(-1)}` }));
  const initContainers = all({ containers: spec?.initContainers ?? [] });
  return { spec: { ...spec, initContainers, containers: spec === undefined ? [] : all(spec) } };
});

const withLessMemory = toTemplate(({ spec }) => ({
  spec: {
    ...spec,
    containers: spec?.containers.map((each) => ({ ...each, resources: { limits: { memory: '1Mi' } } })),
  },
}));

const relabelled: Change = (object) => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { ...object.metadata.annotations, 'influxaddon.dev/intent': 'x' },
  },
});

const opened: Change = (object) => ({ ...object, spec: { ...object.spec, ingress: [{}] } });

const set = { kind: 'StatefulSet', name: names.statefulSet };
const WEBHOOK = 'Webhook' as const;
const CONTROLLER = 'Controller' as const;

class Contested extends Simulation {
  #other: Other | undefined;
  #since = 0;
  statuses = 0;
  restarts = 0;

  meet(other: Other | undefined): void {
    this.#other = other;
    this.#since = this.operator.writes.length;
    this.statuses = 0;
    this.restarts = 0;
    const isIts = (object: Stored) => object.kind === other?.kind && object.metadata.name === other?.name;
    this.api.admission = (object) =>
      other?.how === WEBHOOK && isIts(object) ? other.change(object) : object;
    this.api.watch((before, after) => {
      if (this.#other !== other || after === undefined) return;
      if (after.kind === 'InfluxAddon' && before?.status !== after.status) this.statuses += 1;
    });
  }

  /** What the operator wrote of the object since. */
  get repairs(): number {
    const [kind, name] = [this.#other?.kind, this.#other?.name];
    const isOf = (write: string) => write.split(' ')[1] === kind && write.split(' ')[2] === name;
    return this.operator.writes.slice(this.#since).filter(isOf).length;
  }

  pass(seconds: number, step = 1): void {
    for (let passed = 0; passed < seconds; passed += step) {
      const other = this.#other;
      if (other?.how === CONTROLLER) this.api.change(other.kind, other.name, other.change);
      const pod = this.api.get('Pod', names.pod)?.metadata.uid;
      this.fairRound(step);
      if (this.api.get('Pod', names.pod)?.metadata.uid !== pod) this.restarts += 1;
    }
  }

  condition(type: string) {
    return this.addon?.status?.conditions?.find((each) => each.type === type);
  }
}

function settled(): Contested {
  const simulation = new Contested();
  simulation.settle(40);
  return simulation;
}

describe('an object of ours that somebody changes back each time', () => {
  it.each<Other & { writes: number; ready: string; about: string }>([
    {
      ...set,
      how: WEBHOOK,
      change: mirrored,
      writes: 0,
      ready: 'True',
      about: 'spec.template.spec.initContainers.bootstrap.image',
    },
    {
      ...set,
      how: CONTROLLER,
      change: withLessMemory,
      writes: 1,
      ready: 'False',
      about: 'spec.template.spec.containers.influxdb.resources',
    },
    {
      kind: 'Service',
      name: names.service,
      how: CONTROLLER,
      change: relabelled,
      writes: 5,
      ready: 'True',
      about: 'metadata.annotations.influxaddon.dev/intent',
    },
    {
      kind: 'NetworkPolicy',
      name: names.networkPolicy,
      how: CONTROLLER,
      change: opened,
      writes: 5,
      ready: 'False',
      about: 'spec.ingress',
    },
    {
      kind: 'Secret',
      name: names.adminSecret,
      how: WEBHOOK,
      change: relabelled,
      writes: 5,
      ready: 'True',
      about: 'metadata.annotations.influxaddon.dev/intent',
    },
  ])(
    '$kind $name, $how, $about: few writes in three minutes, the database is operated, and it is told',
    ({ writes, ready, about, ...other }) => {
      const simulation = settled();
      simulation.meet(other);
      simulation.api.change(other.kind, other.name, other.change);
      simulation.user.edit({ retentionPolicies: [{ name: 'week', duration: '7d' }] });
      simulation.pass(3 * MINUTE_S);
      expect(simulation.repairs).toBeLessThanOrEqual(writes + 1);
      expect(simulation.repairs).toBeGreaterThanOrEqual(writes);
      expect(simulation.statuses, 'statuses').toBeLessThanOrEqual(6);
      expect(simulation.addon?.status?.retentionPolicies?.map(({ name }) => name)).toContain('week');
      expect(simulation.condition('Available')?.status).toBe('True');
      expect(simulation.condition('Ready')?.status).toBe(ready);
      expect(simulation.condition('Ready')?.message).toContain(`${other.kind} ${other.name}: somebody else`);
      expect(simulation.condition('Ready')?.message).toContain(about);
      expect(simulation.condition('Stalled')?.status).toBe(ready === 'True' ? 'False' : 'True');
      if (ready === 'False') expect(simulation.condition('Stalled')?.reason).toBe('ChangedBack');

      simulation.meet(undefined);
      simulation.pass(61 * MINUTE_S, 20);
      expect(simulation.condition('Ready')).toMatchObject({ status: 'True', reason: 'Ready' });
      expect(simulation.condition('Ready')?.message).not.toContain('somebody else');
    },
  );

  it('costs the database few restarts in two hours', () => {
    const simulation = settled();
    simulation.meet({ ...set, how: CONTROLLER, change: withLessMemory });
    simulation.pass(120 * MINUTE_S, 30);
    expect(simulation.repairs).toBeLessThanOrEqual(5);
  });

  it('is taken as it is from the start, with no restart, by a webhook that changes the image', () => {
    const simulation = new Contested();
    simulation.meet({ ...set, how: WEBHOOK, change: mirrored });
    simulation.pass(3 * MINUTE_S);
    expect(simulation.repairs).toBe(1);
    expect(simulation.restarts, 'pods').toBe(1);
    expect(simulation.condition('Ready')?.status).toBe('True');
  });

  it('is told where it is deleted each time', () => {
    const simulation = settled();
    simulation.meet({ kind: 'Service', name: names.service, how: WEBHOOK, change: (object) => object });
    for (let second = 0; second < 3 * MINUTE_S; second += 1) {
      simulation.api.remove('Service', names.service);
      simulation.pass(1);
    }
    expect(simulation.repairs).toBeLessThanOrEqual(6);
    expect(simulation.condition('Stalled')).toMatchObject({ status: 'True', reason: 'ChangedBack' });
    expect(simulation.condition('Stalled')?.message).toContain('deletes it each time');
  });
});

/** Each time something else is wanted, since credentials are drawn anew: no repair is ever that of before. */
describe('credentials that somebody changes back each time', () => {
  const admin = { kind: 'Secret', name: names.adminSecret };
  const withData =
    (change: (data: Record<string, string>) => object): Change =>
    (object) => ({
      ...object,
      data: { ...object.data, ...change((object.data ?? {}) as Record<string, string>) },
    });
  const edited = Buffer.from('edited').toString('base64');

  it.each<[string, Omit<Other, 'change'>, (before: Stored | undefined) => Change]>([
    [
      'a controller that puts back the copy of before',
      { ...admin, how: CONTROLLER },
      (before) => (live) =>
        before === undefined
          ? live
          : { ...before, metadata: { ...live.metadata, annotations: before.metadata.annotations ?? {} } },
    ],
    [
      'a webhook that edits the password',
      { ...admin, how: WEBHOOK },
      () => withData(() => ({ password: edited })),
    ],
  ])('in a rotation, by %s', (_, other, change) => {
    const simulation = settled();
    simulation.meet({ ...other, change: change(simulation.api.get(other.kind, other.name)) });
    simulation.happen({ event: 'Rotate', token: 'new' });
    simulation.pass(3 * MINUTE_S);
    expect(simulation.repairs).toBeLessThanOrEqual(15);
    expect(simulation.statuses, 'statuses').toBeLessThanOrEqual(6);
    expect(simulation.condition('Available')?.status).toBe('True');
    expect(simulation.condition('Ready')?.message).toContain(`Secret ${other.name}: somebody else`);
    simulation.meet(undefined);
    simulation.pass(25 * MINUTE_S, 20);
    expect(simulation.condition('Ready')).toMatchObject({ status: 'True', reason: 'Ready' });
    expect(simulation.addon?.status?.rotation).toBeUndefined();
    expect(simulation.addon?.status?.lastHandled?.rotate).toBe('new');
  });

  it('when they are made, it is told, and tried ever more rarely', () => {
    const simulation = new Contested();
    simulation.meet({ ...admin, how: WEBHOOK, change: withData(() => ({ password: edited })) });
    simulation.pass(3 * MINUTE_S);
    expect(simulation.repairs).toBeLessThanOrEqual(15);
    expect(simulation.condition('Ready')?.message).toContain(`Secret ${names.adminSecret}: somebody else`);
  });

  it('of a user', () => {
    const simulation = settled();
    const name = `${ADDON}-influx-user-reader`;
    simulation.meet({ kind: 'Secret', name, how: WEBHOOK, change: withData(() => ({ password: edited })) });
    simulation.user.edit({ users: [{ name: 'reader', access: 'Read' }] });
    simulation.pass(3 * MINUTE_S);
    expect(simulation.repairs).toBeLessThanOrEqual(15);
    expect(simulation.condition('Ready')?.message).toContain(`Secret ${name}: somebody else`);
  });

  it('and so it is with the finalizer of the addon', () => {
    const simulation = settled();
    const change: Change = (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } });
    simulation.meet({ kind: 'InfluxAddon', name: ADDON, how: CONTROLLER, change });
    simulation.user.edit({ deletionPolicy: 'Delete' });
    simulation.pass(3 * MINUTE_S);
    expect(simulation.repairs).toBeLessThanOrEqual(15);
    expect(simulation.condition('Ready')?.message).toContain(`InfluxAddon ${ADDON}: somebody else`);
  });
});

it('variables that somebody puts back into an app that is not bound any more, while something else fails', async () => {
  const simulation = new Simulation({ apps: [{ name: 'web', env: 'Inject' }] });
  const secret = (name: string) => `Secret/${name}`;
  const begin = async (obstacle: Obstacle) => simulation.live({ event: 'Obstacle', obstacle });
  await simulation.live({ event: 'EditChild', child: 'urlSecret', draw: 1 });
  await simulation.meanwhile(1);
  await begin({ what: 'Broken', target: secret(names.bindingSecret) });
  await simulation.live({ event: 'Edit', spec: { connection: { prefix: 'METRICS', alias: '' } } });
  await simulation.meanwhile(2);
  await begin({ what: 'Undone', target: secret(names.urlSecret), times: 1 });
  await simulation.live({ event: 'Rotate', token: 'a' });
  await simulation.meanwhile(3);
  await begin({ what: 'Undone', target: 'Deployment/web', times: Infinity });
  await simulation.live({ event: 'Edit', spec: { apps: [] } });
  const before = simulation.operator.writes.length;
  await simulation.meanwhile(18);
  const later = simulation.operator.writes.slice(before);
  const removals = later.filter((write) => write.includes('take the injected'));
  // Eight, and one a minute from then on.
  expect(removals.length).toBeGreaterThanOrEqual(8);
  expect(removals.length).toBeLessThanOrEqual(10);
});
