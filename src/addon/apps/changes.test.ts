import { describe, expect, it } from 'vitest';
import type { Live } from '../../kube/objects/types.ts';
import type { StatefulSet } from '../../kube/objects/kinds.ts';
import type { InForce } from '../world/facts.ts';
import { ANNOTATION, restartedForKey } from '../world/names.ts';
import { appOf, cached, patched } from '../testing/apps.ts';
import { addonOf, inForce, NO_CHILDREN, worldOf } from '../testing/fixtures.ts';
import { settledSet } from '../testing/pods.ts';
import type { World } from '../world/world.ts';
import { countChanges, numbered } from './changes.ts';

const LARGE = inForce('2g');
const SMALL = inForce('512m');

/** A StatefulSet that was told what is in force; `current` when a pod of it has been ready. */
function setOf(record: InForce, current: boolean): Live<StatefulSet> {
  return settledSet({
    metadata: { name: 'my-app-influx', annotations: { [ANNOTATION.inForce]: JSON.stringify(record) } },
    status: { observedGeneration: 1, updateRevision: 'new', currentRevision: current ? 'new' : 'old' },
  });
}

const worldWith = (statefulSet: Live<StatefulSet>, more: Partial<World> = {}) =>
  worldOf({ children: { ...NO_CHILDREN, statefulSet }, ...more });

const first = countChanges(worldOf(), undefined, SMALL);
const second = countChanges(worldWith(setOf(first, true)), first, LARGE);

describe('what apps depend on', () => {
  it('is counted from 0, which no revision tells', () => {
    expect(first.apps?.change).toBe(0);
    expect(numbered('hash', first)).toBe('hash');
    expect(numbered('hash', second)).toBe('hash.1');
  });

  it('is another change each time, the same content or not', () => {
    const third = countChanges(worldWith(setOf(second, true)), second, SMALL);
    expect(third.apps).toMatchObject({ change: 2, content: first.apps?.content });
  });

  it('stays what it is while nothing of it changes', () => {
    const elsewhere = { ...LARGE, maintainedAt: '2030-01-01T00:00:00Z', agent: { image: 'agent:2' } };
    expect(countChanges(worldWith(setOf(second, true)), second, elsewhere).apps).toEqual(second.apps);
  });

  it.each<[string, Partial<InForce>]>([
    ['TLS', { tls: 'Required' }],
    ['another authority', { tls: 'Required', authority: 'b' }],
    ['another volume', { claim: 'restored' }],
    ['another version', { version: inForce('2g', '1.8.5').version }],
  ])('is changed by %s', (_, change) => {
    expect(countChanges(worldWith(setOf(second, true)), second, { ...LARGE, ...change }).apps?.change).toBe(
      2,
    );
  });

  it('is changed by other variables', () => {
    const addon = addonOf({ connection: { prefix: 'OTHER' } });
    expect(countChanges(worldWith(setOf(second, true), { addon }), second, LARGE).apps?.change).toBe(2);
  });

  it('is not counted for a record without a count before it changes', () => {
    expect(countChanges(worldOf(), SMALL, SMALL)).toEqual(SMALL);
    expect(countChanges(worldOf(), SMALL, LARGE).apps?.change).toBe(1);
  });
});

describe('a change that is taken back', () => {
  it('is as if it had not been, when the database never came up with it', () => {
    expect(countChanges(worldWith(setOf(second, false)), second, SMALL).apps).toEqual(first.apps);
  });

  it('is as if it had not been, when the StatefulSet was never told', () => {
    expect(countChanges(worldWith(setOf(first, true)), second, SMALL).apps).toEqual(first.apps);
  });

  const mark = { [restartedForKey('my-app')]: 'hash.1' };
  const app = patched(appOf(), { spec: { template: { metadata: { annotations: mark } } } });
  it.each<[string, Partial<World>]>([
    ['status says it', { addon: addonOf({}, { status: { dataPlane: { apps: 'hash.1' } } }) }],
    [
      'status remembers that of an app',
      { addon: addonOf({}, { status: { apps: [{ kind: 'Deployment', name: 'web', revision: 'hash.1' }] } }) },
    ],
    ['an app is marked with it', { apps: new Map([['Deployment/web', cached(app)]]) }],
  ])('is one more when apps may have been restarted for it: %s', (_, known) => {
    expect(countChanges(worldWith(setOf(second, false), known), second, SMALL).apps?.change).toBe(2);
  });

  it('is not remembered for longer than it takes', () => {
    const third = countChanges(worldWith(setOf(second, true)), second, SMALL);
    expect(third.apps?.before).toEqual({ change: 1, content: second.apps?.content });
    const fourth = countChanges(worldWith(setOf(third, true)), third, LARGE);
    expect(fourth.apps?.before).toEqual({ change: 2, content: third.apps?.content });
  });
});
