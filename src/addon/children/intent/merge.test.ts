import { describe, expect, it } from 'vitest';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { KubeObject, Live } from '../../../kube/objects/types.ts';
import { ANNOTATION } from '../../world/names.ts';
import { withApiDefaults } from '../../testing/api-defaults.ts';
import { addonOf, contextOf, inForce, live, REACHED } from '../../testing/fixtures.ts';
import { CHILDREN } from '../index.ts';
import { difference, replacement, withIntentHash } from './merge.ts';
import { slimStatefulSet } from './rendered.ts';

type Any = Live<KubeObject & { spec?: Record<string, unknown>; data?: Record<string, string> }>;

const context = contextOf({ addon: addonOf(REACHED) });
const SLOTS = CHILDREN.map(({ slot }) => slot);

function intentOf(slot: string): KubeObject {
  const intent = CHILDREN.find((child) => child.slot === slot)?.build(context);
  if (intent === undefined) throw new Error(`there is no intent for ${slot}`);
  return intent;
}

/** As the API server stored what the operator posted. */
function stored(slot: string): Any {
  return live(withApiDefaults(withIntentHash(intentOf(slot)))) as Any;
}

/** As the API server stores the operator's replacement. */
function repaired(object: Any, slot: string): Any {
  const body = replacement(object, intentOf(slot)) as Any;
  expect(body.metadata).toMatchObject({
    uid: object.metadata.uid,
    resourceVersion: object.metadata.resourceVersion,
  });
  return withApiDefaults(body);
}

describe('difference', () => {
  it.each(SLOTS)('is none for %s after the API server filled in its defaults', (slot) => {
    expect(difference(stored(slot), intentOf(slot))).toBeUndefined();
  });

  it.each(SLOTS)('is none for %s after a replacement, whatever was done to it', (slot) => {
    const object = stored(slot);
    const wrecked = {
      ...object,
      ...(object.data === undefined ? {} : { data: {} }),
      ...(object.spec === undefined ? {} : { spec: { ...object.spec, replicas: 3, ports: [], ingress: [] } }),
      metadata: { ...object.metadata, labels: {}, annotations: {}, ownerReferences: [] },
    } as Any;
    expect(difference(wrecked, intentOf(slot))).toBeDefined();
    expect(difference(repaired(wrecked, slot), intentOf(slot))).toBeUndefined();
  });

  it('notices a field that the intent no longer has', () => {
    const before = { ...intentOf('service'), spec: { ...stored('service').spec, externalName: 'x' } };
    const object = live(withIntentHash(before));
    expect(difference(object, intentOf('service'))).toBe(`metadata.annotations.${ANNOTATION.intent}`);
  });

  it('notices a key that somebody added to a Secret', () => {
    const object = stored('urlSecret');
    const edited = { ...object, data: { ...object.data, MORE: 'eA==' } };
    expect(difference(edited, intentOf('urlSecret'))).toBe('data.MORE');
  });

  it.each([
    ['service', { selector: { ...selectorOf('service'), extra: 'x' } }],
    ['networkPolicy', { egress: [{}] }],
    ['networkPolicy', { podSelector: { matchLabels: { extra: 'x' } } }],
  ])('notices what somebody added to the %s that would cut the database off', (slot, change) => {
    const object = stored(slot);
    const edited = { ...object, spec: { ...object.spec, ...change } } as Any;
    expect(difference(edited, intentOf(slot))).toBeDefined();
    expect(difference(repaired(edited, slot), intentOf(slot))).toBeUndefined();
  });

  it.each(['service', 'externalService'])('notices a port that somebody added to the %s', (slot) => {
    const object = stored(slot);
    const ports = [{ name: 'rpc', port: 8088 }, ...((object.spec?.['ports'] ?? []) as object[])];
    const edited = { ...object, spec: { ...object.spec, ports } };
    expect(difference(edited, intentOf(slot) as Any)).toBe('spec: ports.rpc');
  });

  it('leaves labels, annotations and owners of others alone, and keeps them in a replacement', () => {
    const object = stored('service');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'other' };
    const metadata = {
      ...object.metadata,
      labels: { ...object.metadata.labels, team: 'a' },
      annotations: { ...object.metadata.annotations, 'example.org/note': 'b' },
      ownerReferences: [owner, ...(object.metadata.ownerReferences ?? [])],
    };
    const touched = { ...object, metadata };
    expect(difference(touched, intentOf('service'))).toBeUndefined();
    expect(repaired(touched, 'service').metadata).toMatchObject({
      labels: { team: 'a' },
      annotations: { 'example.org/note': 'b' },
      ownerReferences: [owner, { kind: 'InfluxAddon' }],
    });
  });

  it('takes off what is pruned by a label of an earlier release only when there is something to write', () => {
    const labelled = (slot: string, instance: string) => {
      const { metadata, ...intent } = intentOf(slot);
      const labels = { ...metadata?.labels, 'app.kubernetes.io/instance': instance };
      const entries = Object.entries(metadata?.annotations ?? {});
      const had = entries.filter(([key]) => !key.startsWith('argocd'));
      const annotations = had.length === 0 ? {} : { annotations: Object.fromEntries(had) };
      const { annotations: _, ...others } = metadata ?? {};
      const before = { ...intent, metadata: { ...others, labels, ...annotations } };
      return live(withApiDefaults(withIntentHash(before))) as Any;
    };
    const labelOf = (slot: string, instance: string) =>
      repaired(labelled(slot, instance), slot).metadata.labels?.['app.kubernetes.io/instance'];
    for (const slot of ['claim', 'adminSecret']) {
      const before = labelled(slot, 'my-app');
      expect(difference(before, intentOf(slot))).toBeUndefined();
      const edited = { ...before, metadata: { ...before.metadata, annotations: {} } };
      expect(difference(edited, intentOf(slot))).toBeDefined();
      expect(labelOf(slot, 'my-app')).toBeUndefined();
    }
    expect(labelOf('claim', 'platform')).toBe('platform');
    expect(labelOf('service', 'my-app')).toBe('my-app');
  });

  it('keeps what the API server allocated and what cannot be changed', () => {
    const { spec } = repaired(stored('service'), 'service');
    expect(spec).toMatchObject({ clusterIP: '10.0.0.7', clusterIPs: ['10.0.0.7'] });
    expect(repaired(stored('claim'), 'claim').spec).toMatchObject({
      volumeName: 'pv-1',
      storageClassName: 'standard',
    });
  });

  it('keeps the mark of kubectl rollout restart: taking it away would restart the database once more', () => {
    const object = stored('statefulSet');
    const template = object.spec?.['template'] as { metadata: object };
    const mark = { 'kubectl.kubernetes.io/restartedAt': '2030-01-01T00:00:00Z' };
    const restarted = {
      ...object,
      spec: {
        ...object.spec,
        template: { ...template, metadata: { ...template.metadata, annotations: mark } },
      },
    };
    expect(difference(restarted, intentOf('statefulSet'))).toBeUndefined();
    const body = repaired(restarted, 'statefulSet').spec?.['template'];
    expect(body).toMatchObject({ metadata: { annotations: mark } });
  });

  it('is the same for a StatefulSet of which the cache keeps no template, and writes it in full', () => {
    const slim = slimStatefulSet(stored('statefulSet') as never) as unknown as Any;
    const from = contextOf({ children: { ...context.children, statefulSet: slim as never } });
    const intent = CHILDREN.find(({ slot }) => slot === 'statefulSet')?.build(from) as KubeObject;
    expect(JSON.stringify(slim.spec).length).toBeLessThan(1_000);
    expect(difference(slim, intent)).toBeUndefined();
    const scaled = { ...slim, spec: { ...slim.spec, replicas: 3 } } as Any;
    expect(difference(scaled, intent)).toBe('spec.replicas');
    const template = stored('statefulSet').spec?.['template'];
    expect(withApiDefaults(replacement(scaled, intent) as Any).spec?.['template']).toEqual(template);
  });
});

describe('what others have added to the pod template', () => {
  const toleration = { key: 'spot', operator: 'Exists' };
  const mount = { name: 'certs', mountPath: '/etc/ssl/certs' };
  const more = { name: 'HTTP_PROXY', value: 'http://proxy:3128' };
  const added = (object: Any): Any => {
    const { template } = object.spec as { template: PodTemplateSpec };
    const { metadata, spec } = template;
    const containers = (spec?.containers ?? []).map((each) =>
      each.name === 'influxdb'
        ? {
            ...each,
            env: [more, ...(each.env ?? []).toReversed()],
            volumeMounts: [mount, ...(each.volumeMounts ?? [])],
          }
        : { ...each, env: [more] },
    );
    const changed = {
      metadata: { ...metadata, annotations: { ...metadata?.annotations, 'mesh/injected': 'yes' } },
      spec: {
        ...spec,
        tolerations: [toleration],
        initContainers: [{ name: 'mesh-init', image: 'mesh:1' }, ...(spec?.initContainers ?? [])],
        containers: [{ name: 'mesh', image: 'mesh:1' }, ...containers],
        volumes: [{ name: 'certs', emptyDir: {} }, ...(spec?.volumes ?? [])],
      },
    };
    return { ...object, spec: { ...object.spec, template: changed } } as unknown as Any;
  };
  const templateOf = (object: Any) => (object.spec as { template: PodTemplateSpec }).template;
  const withAgent = contextOf({ target: { ...inForce(), agent: { image: 'operator:1' } } });
  const setOf = (from: typeof context) =>
    CHILDREN.find(({ slot }) => slot === 'statefulSet')?.build(from) as KubeObject;
  const set = (from: typeof context) => live(withApiDefaults(withIntentHash(setOf(from)))) as Any;

  it('is no difference, wherever it stands', () => {
    expect(difference(added(set(context)), setOf(context))).toBeUndefined();
  });

  it.each<[string, (object: Any) => Any]>([
    ['whole', (object) => object],
    ['without the template, as the cache has it', (object) => slimStatefulSet(object as never) as never],
  ])('stays in the next replacement, of a StatefulSet that is kept %s', (_, kept) => {
    const object = kept(added(set(withAgent)));
    const children = { ...context.children, statefulSet: object as never };
    const bigger = contextOf({ children, target: { ...inForce('2g'), agent: { image: 'operator:1' } } });
    const next = replacement(object, setOf(bigger)) as Any;
    const { metadata, spec } = templateOf(next);
    expect(spec?.initContainers?.map(({ name }) => name)).toEqual(['bootstrap', 'mesh-init']);
    expect(spec?.containers.map(({ name }) => name)).toEqual(['influxdb', 'agent', 'mesh']);
    expect(spec?.containers[0]?.env?.at(-1)).toEqual(more);
    expect(spec?.containers[0]?.volumeMounts?.at(-1)).toEqual(mount);
    expect(spec?.volumes?.at(-1)).toEqual({ name: 'certs', emptyDir: {} });
    expect(spec?.tolerations).toEqual([toleration]);
    expect(metadata?.annotations).toMatchObject({ 'mesh/injected': 'yes' });
    expect(difference(withApiDefaults(next), setOf(bigger))).toBeUndefined();
  });

  it('goes with the container of ours that it was in, and what was ours goes when it is not wanted', () => {
    const placement = { tolerations: [{ key: 'ours' }], podLabels: { team: 'a' } };
    const placed = contextOf({ addon: addonOf({ placement }), target: withAgent.target });
    const object = added(set(placed));
    const { metadata, spec } = templateOf(replacement(object, setOf(context)) as Any);
    expect(spec?.containers.map(({ name }) => name)).toEqual(['influxdb', 'mesh']);
    expect(spec?.volumes?.map(({ name }) => name)).not.toContain('agent');
    expect(spec?.tolerations).toEqual([toleration]);
    expect(metadata?.labels).not.toHaveProperty('team');
  });

  it('goes where the record of what was ours is spoiled: nobody could tell it from that', () => {
    const object = added(set(context));
    const metadata = { ...object.metadata, annotations: {} };
    const { spec } = templateOf(replacement({ ...object, metadata }, setOf(context)) as Any);
    expect(spec?.containers.map(({ name }) => name)).toEqual(['influxdb']);
  });
});

describe('a plan that is changed', () => {
  it('is a difference of the StatefulSet and of the claim when the volume grows', () => {
    const bigger = contextOf({ target: inForce('2g') });
    for (const slot of ['statefulSet', 'claim'] as const) {
      const intent = CHILDREN.find((child) => child.slot === slot)?.build(bigger) as KubeObject;
      expect(difference(stored(slot), intent)).toBeDefined();
    }
  });
});

function selectorOf(slot: string): object {
  return (intentOf(slot) as Any).spec?.['selector'] as object;
}
