import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { NetworkPolicy, Secret, StatefulSet } from '../../kube/objects/kinds.ts';
import { unpackTemplate } from '../children/intent/rendered.ts';
import { conditionOf, edited, REFUSED, rounds, settled } from '../testing/edited.ts';
import { ADDON, type Simulation } from '../testing/model/simulation.ts';
import { ANNOTATION, childNames } from '../world/names.ts';

/** A spec is taken whole or not at all: of one that is refused nothing is carried out. */
const names = childNames(ADDON);
const INJECT: Partial<InfluxAddonSpec> = { apps: [{ name: 'web', env: 'Inject' }] };

const ready = (spec = INJECT): Simulation => settled(spec);

function templateOf(simulation: Simulation) {
  const { metadata } = simulation.api.get<StatefulSet>('StatefulSet', names.statefulSet) ?? {};
  return unpackTemplate(metadata?.annotations?.[ANNOTATION.rendered]);
}

function keysOf(simulation: Simulation): string[] {
  return Object.keys(simulation.api.get<Secret>('Secret', names.urlSecret)?.data ?? {});
}

describe('a spec that is refused', () => {
  it.each<[string, Partial<InfluxAddonSpec>]>([
    ['placement', { placement: { nodeSelector: { disk: 'ssd' } } }],
    ['labels of the pod', { placement: { podLabels: { team: 'shop' } } }],
    ['another prefix', { connection: { prefix: 'METRICS' } }],
    ['no alias', { connection: { alias: '' } }],
    ['access for everybody', { access: { policy: 'Open' } }],
    ['another alias', { connection: { alias: 'DB' } }],
    ['all of it', { placement: { podAnnotations: { a: 'b' } }, connection: { prefix: 'M', alias: 'N' } }],
  ])('writes nothing of it: %s', (_, spec) => {
    const simulation = edited(ready(), { ...INJECT, ...spec, ...REFUSED });
    expect(conditionOf(simulation, 'Stalled')).toMatchObject({ status: 'True', reason: 'UnknownPlan' });
    expect(conditionOf(simulation, 'Available')?.status).toBe('True');
    expect(simulation.operator.writes).toEqual([]);
  });

  it('is taken whole, at once, when it is mended', () => {
    const wish = { placement: { nodeSelector: { disk: 'ssd' } }, connection: { prefix: 'METRICS' } };
    const simulation = edited(ready(), { ...INJECT, ...wish, ...REFUSED });
    edited(simulation, { ...INJECT, ...wish, plan: '1g' });
    simulation.settle(20);
    expect(templateOf(simulation)?.spec?.nodeSelector).toEqual({ disk: 'ssd' });
    expect(keysOf(simulation)).toContain('METRICS_URL');
  });

  it('comes after edits that were accepted, which stay', () => {
    const wish = { placement: { podLabels: { team: 'shop' } }, connection: { prefix: 'FIRST', alias: 'A' } };
    const simulation = edited(ready(), { ...INJECT, ...wish });
    simulation.operator.writes = [];
    edited(simulation, { ...INJECT, ...REFUSED, connection: { prefix: 'A', alias: 'FIRST' } });
    expect(simulation.operator.writes).toEqual([]);
    expect(templateOf(simulation)?.metadata?.labels).toMatchObject({ team: 'shop' });
    edited(simulation, { ...INJECT, ...REFUSED, ...wish });
    expect(simulation.operator.writes).toEqual([]);
  });

  it.each([
    [names.urlSecret, 'Secret'],
    [names.statefulSet, 'StatefulSet'],
    [names.networkPolicy, 'NetworkPolicy'],
  ])('does not keep %s from being made again when it is deleted', (name, kind) => {
    const simulation = edited(ready(), {
      ...INJECT,
      ...REFUSED,
      placement: { nodeSelector: { disk: 'ssd' } },
      access: { policy: 'Bound' },
    });
    const live = simulation.api.get(kind, name);
    simulation.api.remove(kind, name, live?.metadata ?? { uid: '', resourceVersion: '' });
    rounds(simulation);
    expect(simulation.api.get(kind, name)).toBeDefined();
    expect(conditionOf(simulation, 'Available')?.status).toBe('True');
  });

  it.each<[string, Partial<InfluxAddonSpec>, Partial<InfluxAddonSpec>, boolean]>([
    ['of the default', {}, { connection: { prefix: 'METRICS' } }, false],
    ['of the default, unrecorded', {}, { connection: { prefix: 'METRICS' } }, true],
    [
      'of its own',
      { connection: { prefix: 'A', alias: 'B' } },
      { connection: { prefix: 'B', alias: '' } },
      false,
    ],
    [
      'of its own, which an app names',
      { connection: { prefix: 'A' } },
      { connection: { prefix: 'B' } },
      true,
    ],
  ])('has the Secret made again with the names in force: %s', (_, spec, refused, isUnrecorded) => {
    const simulation = edited(ready({ ...INJECT, ...spec }), { ...refused, ...REFUSED });
    const keys = keysOf(simulation);
    if (isUnrecorded)
      simulation.api.change('InfluxAddon', ADDON, (object) => {
        const { status, ...addon } = object as typeof object & { status?: InfluxAddonStatus };
        const { accepted: _none, ...older } = status ?? {};
        return { ...addon, status: older };
      });
    const live = simulation.api.get('Secret', names.urlSecret);
    simulation.api.remove('Secret', names.urlSecret, live?.metadata ?? { uid: '', resourceVersion: '' });
    rounds(simulation);
    expect(keysOf(simulation).toSorted()).toEqual(keys.toSorted());
  });

  it('keeps out whom it keeps out, and lets in nobody', () => {
    const open = edited(ready({ ...INJECT, access: { policy: 'Namespace' } }), {
      ...INJECT,
      ...REFUSED,
      access: { policy: 'Bound' },
    });
    const policy = open.api.get<NetworkPolicy>('NetworkPolicy', names.networkPolicy);
    expect(policy?.spec?.ingress?.[0]?.from).not.toContainEqual({ podSelector: {} });
    open.operator.writes = [];
    edited(open, { ...INJECT, ...REFUSED, access: { policy: 'Namespace' } });
    expect(open.operator.writes).toEqual([]);
  });
});
