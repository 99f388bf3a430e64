import { describe, expect, it } from 'vitest';
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
