import { describe, expect, it } from 'vitest';
import { decide } from '../../decide.ts';
import type { PersistentVolumeClaim, Secret } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { withApiDefaults } from '../../testing/api-defaults.ts';
import {
  addonOf,
  contextOf,
  countingFresh,
  FACTS,
  inForce,
  live,
  NO_CHILDREN,
  NOW,
  planOf,
  worldOf,
} from '../../testing/fixtures.ts';
import { ANNOTATION } from '../../world/names.ts';
import type { World } from '../../world/world.ts';
import { resolveTarget } from '../../wish/target.ts';
import { leavingClaim } from '../../volume/leaving.ts';
import { CHILDREN } from '../index.ts';
import type { BuildContext } from '../context.ts';
import { withIntentHash } from './merge.ts';

type Claim = Live<PersistentVolumeClaim>;

function planIn(className: string, name: string): Live<NonNullable<World['plan']>> {
  const plan = planOf(name);
  return { ...plan, spec: { ...plan.spec, storage: { ...plan.spec.storage, className } } };
}

/** All children of a database whose claim asks for the class, and has no volume. */
function children(className: string, of: Partial<BuildContext> = {}): World['children'] & { claim: Claim } {
  const plan = { name: '1g', spec: planIn(className, '1g').spec };
  const target = { ...inForce(), plan };
  const context = contextOf({ target, facts: { ...FACTS, inForce: target }, ...of });
  const built = CHILDREN.flatMap(({ slot, build }) => {
    const intent = build(context);
    return intent === undefined ? [] : [[slot, live(withApiDefaults(withIntentHash(intent)))] as const];
  });
  const all = { ...NO_CHILDREN, ...(Object.fromEntries(built) as Partial<World['children']>) };
  const { volumeName: _, ...spec } = all.claim?.spec ?? {};
  return { ...all, claim: { ...(all.claim as Claim), spec, status: { phase: 'Pending' } } };
}

/** Passes, each with the admin Secret as the one before has stored it, until something else is done. */
function decided(world: Partial<World>): ReturnType<typeof decide> {
  let seen = worldOf(world);
  for (;;) {
    const decision = decide(seen, { now: NOW, fresh: countingFresh() });
    const [first] = decision.actions;
    if (first?.do !== 'replace' || first.object.metadata?.name !== 'my-app-influx-admin') return decision;
    seen = { ...seen, children: { ...seen.children, adminSecret: live(first.object as Secret) } };
  }
}

const TO_2G = { addon: addonOf({ plan: '2g' }), plan: planIn('fast', '2g') };

/** Made again for the class, which admission has made another of. */
function admitted(claim: Claim, madeFor: string): Claim {
  const annotations = { ...claim.metadata.annotations, [ANNOTATION.madeAgainFor]: madeFor };
  const spec = { ...claim.spec, storageClassName: 'chosen-by-admission' };
  return { ...claim, spec, metadata: { ...claim.metadata, annotations } };
}

describe('a claim that never got a volume', () => {
  it('is made again for a plan of another class and size, once the plan is recorded', () => {
    const before = children('slow');
    const { actions } = decided({ ...TO_2G, children: before });
    const { uid, resourceVersion, name } = before.claim.metadata;
    expect(actions).toMatchObject([
      { do: 'delete', key: { name }, uid, resourceVersion },
      {
        do: 'create',
        object: {
          metadata: {
            name,
            annotations: { [ANNOTATION.madeFor]: 'addon-uid', [ANNOTATION.planStorage]: '40Gi' },
          },
          spec: { storageClassName: 'fast', resources: { requests: { storage: '40Gi' } } },
        },
      },
    ]);
  });

  it('is made again for a smaller plan, and for one that takes any class when there is none of its own', () => {
    const smaller = { addon: addonOf({ plan: '512m' }), plan: planIn('slow', '512m') };
    expect(decided({ ...smaller, children: children('slow') }).actions.map((each) => each.do)).toEqual([
      'delete',
      'create',
    ]);
    const any = { addon: addonOf({ plan: '2g' }), plan: planIn('', '2g') };
    const [, create] = decided({ ...any, children: children('nowhere') }).actions;
    expect(create).toMatchObject({ do: 'create' });
    expect(create).not.toHaveProperty('object.spec.storageClassName');
  });

  it('is left alone while its plan is the same, whatever admission has made of it', () => {
    const plan = planIn('slow', '1g');
    const same = children('slow');
    const spec = { ...same.claim.spec, resources: { requests: { storage: '32Gi' } } };
    for (const claim of [same.claim, { ...same.claim, spec }, admitted(same.claim, 'slow')]) {
      const { actions } = decided({ plan, children: { ...same, claim } });
      expect(actions.filter((each) => each.do === 'delete')).toEqual([]);
    }
  });

  it.each<[string, (claim: Claim) => object, object]>([
    [
      'is bound',
      (claim) => ({ status: { phase: 'Bound' }, spec: { ...claim.spec, volumeName: 'pv-1' } }),
      {},
    ],
    ['is to bind a volume', (claim) => ({ spec: { ...claim.spec, volumeName: 'pv-1' } }), {}],
    [
      'was bound',
      ({ metadata }) => ({
        metadata: {
          ...metadata,
          annotations: { ...metadata.annotations, 'pv.kubernetes.io/bind-completed': 'yes' },
        },
      }),
      {},
    ],
    [
      'was made for another addon',
      ({ metadata }) => ({
        metadata: { ...metadata, annotations: { ...metadata.annotations, [ANNOTATION.madeFor]: 'another' } },
      }),
      {},
    ],
    ['stands where there was data', () => ({}), { status: { dataPlane: { revision: 'r' } } }],
  ])('but not one that %s', (_, change, addon) => {
    const before = children('slow');
    const claim = { ...before.claim, ...change(before.claim) };
    const world = { ...TO_2G, addon: addonOf({ plan: '2g' }, addon), children: { ...before, claim } };
    expect(decided(world).actions.filter((each) => each.do === 'delete')).toEqual([]);
    const { refusal } = resolveTarget(worldOf(world), { inForce: FACTS.inForce, openedBy: '1.8.10' });
    expect(refusal?.reason).toBe('OtherStorageClass');
  });

  it('is no data that goes with it: nobody is told that a volume is being deleted', () => {
    const before = children('slow');
    const { metadata } = before.claim;
    const claim = { ...before.claim, metadata: { ...metadata, deletionTimestamp: NOW.toISOString() } };
    expect(leavingClaim({ addon: addonOf(), children: { ...before, claim } })).toBeUndefined();
  });
});
