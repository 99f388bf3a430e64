import { describe, expect, it } from 'vitest';
import type { StatefulSet } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { withApiDefaults } from '../../testing/api-defaults.ts';
import { contextOf, live } from '../../testing/fixtures.ts';
import { ANNOTATION } from '../../world/names.ts';
import { buildStatefulSet } from '../stateful-set.ts';
import { withIntentHash } from './merge.ts';
import { isAsRendered, packTemplate, slimStatefulSet } from './rendered.ts';

const built = withApiDefaults(withIntentHash(buildStatefulSet(contextOf()))) as StatefulSet;
const stored = live({ ...built, metadata: { ...built.metadata, uid: 'u', generation: 3 } });
const before = slimStatefulSet(stored);

/** The same name, with somebody's other image in what is ours. */
function drifted(metadata: Partial<Live<StatefulSet>['metadata']>): Live<StatefulSet> {
  const edited = structuredClone(stored);
  const container = edited.spec?.template.spec?.containers[0];
  if (container === undefined) throw new Error('the template has no container');
  container.image = 'somebody/else:1';
  return { ...edited, metadata: { ...edited.metadata, resourceVersion: '9000', ...metadata } };
}

describe('a StatefulSet in the cache, by what was kept of it', () => {
  it('of the same generation keeps what was made then, and has its own status', () => {
    const status = { replicas: 1, readyReplicas: 1 };
    const after = slimStatefulSet({ ...drifted({}), status }, before);
    expect(after.spec?.template).toBe(before.spec?.template);
    expect([after.metadata.resourceVersion, after.status]).toEqual(['9000', status]);
  });

  it.each([
    ['another generation', { generation: 4 }],
    ['another UID', { uid: 'another' }],
    [
      'another record of what was rendered',
      {
        annotations: {
          ...stored.metadata.annotations,
          [ANNOTATION.rendered]: packTemplate({ spec: { containers: [{ name: 'influxdb', image: 'a' }] } }),
        },
      },
    ],
  ])('of %s is compared anew, and kept whole when what is ours was edited', (_, metadata) => {
    const after = drifted(metadata);
    expect(slimStatefulSet(after, before)).toBe(after);
  });

  it('is compared anew when there is nothing of it, or what there is was kept whole', () => {
    const edited = drifted({});
    expect(slimStatefulSet(edited)).toBe(edited);
    expect(isAsRendered(slimStatefulSet(stored, edited).spec?.template)).toBe(true);
  });
});
