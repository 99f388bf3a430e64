import type { Container } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import { decode } from '../world/secret-data.ts';
import { passwordIn } from '../testing/model/invariants.ts';
import { BROKEN_VERSION } from '../testing/model/model-node.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';
import { appOf } from '../testing/apps.ts';

const { urlSecret } = childNames(ADDON);
const DAY_S = 24 * 3_600;
const METRICS: Partial<InfluxAddonSpec> = { connection: { prefix: 'METRICS', alias: '' } };
const OLD = ['INFLUX_URL', 'SCALINGO_INFLUX_URL'];
const ALL = ['INFLUX_URL', 'METRICS_URL', 'SCALINGO_INFLUX_URL'];

function ready(env: 'Inject' | 'FromSecret'): Simulation {
  const simulation = new Simulation({ apps: [{ name: 'web', env }] });
  simulation.settle(20);
  return simulation;
}

/** The owner's new release of the app. */
function release(simulation: Simulation, container: Partial<Container>, template: object = {}): void {
  const { spec } = appOf([{ name: 'web', image: 'web:1', ...container }]);
  simulation.happen({ event: 'App', what: 'Change' });
  simulation.api.change('Deployment', 'web', (object) => ({
    ...object,
    spec: { ...spec, template: { ...spec?.template, spec: { ...spec?.template.spec, ...template } } },
  }));
  simulation.settle(20);
}

function edit(simulation: Simulation, spec: Partial<InfluxAddonSpec>): void {
  simulation.happen({ event: 'Edit', spec });
}

function wait(simulation: Simulation, seconds: number): void {
  simulation.happen({ event: 'Wait', seconds });
  simulation.settle(20);
}

const secret = (simulation: Simulation) => simulation.api.get<Secret>('Secret', urlSecret);
const keys = (simulation: Simulation) => Object.keys(decode(secret(simulation))).toSorted();
const appsCurrent = (simulation: Simulation) =>
  simulation.addon?.status?.conditions?.find(({ type }) => type === 'AppsCurrent');
const writes = (simulation: Simulation) =>
  simulation.operator.writes.filter((write) => write.startsWith(`replace Secret ${urlSecret} `)).length;

describe('the keys of before, while the names of the variables change', () => {
  it('stay for a day when no app names them any more, and go with one write', () => {
    const simulation = ready('Inject');
    const intent = secret(simulation)?.metadata.annotations;
    edit(simulation, METRICS);
    simulation.settle(20);
    expect(keys(simulation)).toEqual(ALL);
    expect(new Set(Object.values(decode(secret(simulation)))).size).toBe(1);
    expect(appsCurrent(simulation)).toMatchObject({ status: 'True', reason: 'Current' });
    expect(writes(simulation)).toBe(1);
    wait(simulation, DAY_S - 600);
    expect(keys(simulation)).toEqual(ALL);
    wait(simulation, 600);
    expect(keys(simulation)).toEqual(['METRICS_URL']);
    expect(writes(simulation)).toBe(2);
    expect(Object.keys(secret(simulation)?.metadata.annotations ?? {})).toEqual(Object.keys(intent ?? {}));
  });

  it('are there before the app has heard of others, also while the database does not come up', () => {
    const simulation = ready('Inject');
    edit(simulation, { ...METRICS, version: BROKEN_VERSION });
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    simulation.happen({ event: 'Wait', seconds: 2 * DAY_S });
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    expect(keys(simulation)).toEqual(ALL);
  });

  const valueFrom = { secretKeyRef: { name: urlSecret, key: 'INFLUX_URL' } };
  it.each<[string, Partial<Container>, object]>([
    ['names one of them', { env: [{ name: 'DATABASE', valueFrom }] }, {}],
    [
      'mounts one of them',
      {},
      {
        volumes: [
          { name: 'a', secret: { secretName: urlSecret, items: [{ key: 'INFLUX_URL', path: 'url' }] } },
        ],
      },
    ],
    [
      'mounts one of them among others',
      {},
      {
        volumes: [
          {
            name: 'a',
            projected: {
              sources: [{ secret: { name: urlSecret, items: [{ key: 'INFLUX_URL', path: 'url' }] } }],
            },
          },
        ],
      },
    ],
  ])(
    'stay as long as an app %s, which is told, and always with the URL in force',
    (_, container, template) => {
      const simulation = ready('FromSecret');
      release(simulation, container, template);
      edit(simulation, METRICS);
      simulation.settle(20);
      wait(simulation, 2 * DAY_S);
      expect(keys(simulation)).toEqual(['INFLUX_URL', 'METRICS_URL']);
      expect(appsCurrent(simulation)).toMatchObject({ status: 'True', reason: 'FormerKey' });
      expect(appsCurrent(simulation)?.message).toContain(
        `Deployment web names INFLUX_URL of Secret ${urlSecret}`,
      );
      const before = passwordIn(secret(simulation));
      simulation.happen({ event: 'Rotate', token: 'a' });
      simulation.settle(30);
      expect(passwordIn(secret(simulation))).not.toBe(before);
      expect(new Set(Object.values(decode(secret(simulation)))).size).toBe(1);
      release(simulation, {});
      expect(keys(simulation)).toEqual(['METRICS_URL']);
      expect(appsCurrent(simulation)).toMatchObject({ status: 'True', reason: 'Current' });
    },
  );

  it('are named by what reads the whole Secret only until its restart for the change', () => {
    const simulation = ready('FromSecret');
    release(simulation, { envFrom: [{ secretRef: { name: urlSecret } }] });
    edit(simulation, METRICS);
    simulation.settle(20);
    expect(appsCurrent(simulation)?.reason).toBe('Current');
    wait(simulation, DAY_S);
    expect(keys(simulation)).toEqual(['METRICS_URL']);
  });

  it('go when their time is up, though nothing else happens', () => {
    const simulation = ready('FromSecret');
    edit(simulation, { ...METRICS, state: 'Stopped' });
    simulation.settle(20);
    expect(keys(simulation)).toEqual(ALL);
    wait(simulation, DAY_S);
    expect(keys(simulation)).toEqual(['METRICS_URL']);
  });

  it('are wanted again when the change is taken back, and those of the change are the former ones', () => {
    const simulation = ready('Inject');
    edit(simulation, METRICS);
    simulation.settle(20);
    edit(simulation, { connection: {} });
    simulation.settle(20);
    expect(keys(simulation)).toEqual(ALL);
    wait(simulation, DAY_S);
    expect(keys(simulation)).toEqual(OLD);
  });

  it('come back when the Secret is deleted before the app has heard of others', () => {
    const simulation = ready('Inject');
    edit(simulation, { ...METRICS, version: BROKEN_VERSION });
    simulation.operator.operate(simulation.now);
    simulation.user.removeChild('urlSecret');
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    expect(keys(simulation)).toEqual(ALL);
  });

  it('are none of what somebody else put into the Secret', () => {
    const simulation = ready('Inject');
    simulation.api.change('Secret', urlSecret, (object) => ({
      ...object,
      data: { ...object.data, OTHER_URL: Buffer.from('https://example.org').toString('base64') },
    }));
    simulation.settle(20);
    expect(keys(simulation)).toEqual(OLD);
  });

  it('keep their time when somebody spoils the record of it, or takes it off', () => {
    for (const text of ['{', '{"INFLUX_URL":"long ago","other":"2020-01-01T00:00:00Z"}']) {
      const simulation = ready('Inject');
      edit(simulation, METRICS);
      simulation.settle(20);
      simulation.api.change('Secret', urlSecret, ({ metadata, ...object }) => ({
        ...object,
        metadata: { ...metadata, annotations: { ...metadata.annotations, [ANNOTATION.formerKeys]: text } },
      }));
      simulation.settle(20);
      expect(keys(simulation)).toEqual(ALL);
      wait(simulation, DAY_S);
      expect(keys(simulation)).toEqual(['METRICS_URL']);
    }
  });
});
