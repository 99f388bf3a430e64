import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { decide } from '../decide.ts';
import { withApiDefaults } from '../testing/api-defaults.ts';
import {
  addonOf,
  contextOf,
  countingFresh,
  inForce,
  live,
  NO_CHILDREN,
  NOW,
  planOf,
  worldOf,
} from '../testing/fixtures.ts';
import { podOf, readyStatus } from '../testing/pods.ts';
import { NO_MEMORY, type DryRun } from '../world/memory.ts';
import type { World } from '../world/world.ts';
import { buildAdminSecret } from './admin-secret.ts';
import { CHILDREN } from './index.ts';
import { withIntentHash } from './intent/merge.ts';

const stored = CHILDREN.flatMap(({ slot, build }) => {
  const intent = build(contextOf());
  return intent === undefined ? [] : [[slot, live(withApiDefaults(withIntentHash(intent)))] as const];
});
const children: World['children'] = { ...NO_CHILDREN, ...Object.fromEntries(stored) };

const TYPO: Partial<InfluxAddonSpec> = { placement: { priorityClassName: 'typo' } };

function decided(spec: Partial<InfluxAddonSpec>, more: Partial<World> = {}) {
  const world = worldOf({ addon: addonOf(spec), children, pod: podOf(readyStatus()), ...more });
  return decide(world, { now: NOW, fresh: countingFresh() });
}

const kinds = (spec: Partial<InfluxAddonSpec>, more?: Partial<World>) =>
  decided(spec, more).actions.map((action) =>
    'kind' in action ? `${action.do} ${action.kind.kind}` : action.do,
  );

/** What is remembered once this spec was asked about. */
function answered(spec: Partial<InfluxAddonSpec>, answer: Partial<DryRun>): Partial<World> {
  const [action] = decided(spec).actions;
  if (action?.do !== 'dryRun') throw new Error('nothing was asked');
  const { of } = action;
  const sinceMs = NOW.getTime() - 1_000;
  const dryRun: DryRun = {
    of,
    generation: 1,
    verdict: 'Taken',
    sinceMs,
    untilMs: sinceMs + 30_000,
    ...answer,
  };
  return { memory: { ...NO_MEMORY, dryRun } };
}

describe('before a database that runs is stopped for a change', () => {
  it('the API server is asked about the StatefulSet and the pod that follows', () => {
    const [action, ...others] = decided(TYPO).actions;
    expect(others).toEqual([]);
    if (action?.do !== 'dryRun') throw new Error('nothing is asked');
    expect(action.writes.map(({ verb, kind }) => `${verb} ${kind.kind}`)).toEqual([
      'replace StatefulSet',
      'create Pod',
    ]);
    expect(action.writes.at(-1)?.object).toMatchObject({
      metadata: {
        name: 'my-app-influx-0',
        labels: { 'statefulset.kubernetes.io/pod-name': 'my-app-influx-0' },
        ownerReferences: [{ kind: 'StatefulSet', controller: true, blockOwnerDeletion: false }],
      },
      spec: { priorityClassName: 'typo', hostname: 'my-app-influx-0', subdomain: 'my-app-influx' },
    });
  });

  it('what was taken is made', () => {
    expect(kinds(TYPO, answered(TYPO, {}))).toEqual(['replace StatefulSet']);
  });

  it('what was taken long ago is asked about again', () => {
    expect(kinds(TYPO, answered(TYPO, { untilMs: NOW.getTime() }))).toEqual(['dryRun']);
  });

  it('nobody is asked about one that is stopped, has no pod, or does not answer', () => {
    expect(kinds({ ...TYPO, state: 'Stopped' })).not.toContain('dryRun');
    expect(kinds(TYPO, { pod: undefined })).toEqual(['replace StatefulSet']);
    expect(kinds(TYPO, { pod: podOf({}) })).toEqual(['replace StatefulSet']);
  });

  it('also when it waits for its certificate first, as what is in force is recorded before', () => {
    expect(kinds({ ...TYPO, tls: { mode: 'Required' } })).toEqual(['dryRun']);
  });

  it('also when it is away for a moment, after it was told that this spec is refused', () => {
    const told = {
      type: 'Stalled',
      status: 'True',
      reason: 'QuotaExceeded',
      message: '',
      lastTransitionTime: '',
    } as const;
    const dataPlane = { revision: 'r', starts: 0, verifiedAt: '2030-01-01T00:00:00Z' };
    const addon = (conditions: readonly (typeof told)[]) =>
      addonOf(TYPO, { status: { observedGeneration: 1, dataPlane, conditions: [...conditions] } });
    expect(kinds(TYPO, { pod: undefined, addon: addon([told]) })).toEqual(['dryRun']);
    expect(kinds(TYPO, { pod: undefined, addon: addon([]) })).toEqual(['replace StatefulSet']);
  });

  it('nobody is asked when the pod is not ended', () => {
    expect(kinds({ access: { policy: 'Bound' } })).toEqual(['replace NetworkPolicy']);
  });
});

describe('a change that the API server refuses when it is asked', () => {
  const refusal = { reason: 'Forbidden' as const, message: 'no PriorityClass with name typo was found' };

  it('changes nothing: not in part, and not in what is recorded as in force', () => {
    const spec = { ...TYPO, connection: { prefix: 'OTHER' } };
    const { actions } = decided(spec, answered(spec, { verdict: 'Refused', refusal }));
    expect(actions.filter(({ do: what }) => what === 'replace' || what === 'create')).toEqual([]);
  });

  it('ends no pod either when it was recorded as in force before', () => {
    const memory = answered(TYPO, { verdict: 'Refused', refusal });
    const target = inForce('2g');
    const recorded = live(withApiDefaults(withIntentHash(buildAdminSecret(contextOf({ target })))));
    const seen = { ...memory, children: { ...children, adminSecret: recorded } };
    const set = decided({ plan: '2g' }, { ...seen, plan: planOf('2g') });
    expect(set.actions.filter((action) => 'kind' in action && action.kind.kind === 'StatefulSet')).toEqual(
      [],
    );
  });

  it('is asked about again in time, and after an edit', () => {
    const over = answered(TYPO, { verdict: 'Refused', refusal, untilMs: NOW.getTime() });
    expect(kinds(TYPO, over)).toEqual(['dryRun']);
    const edited = answered(TYPO, { verdict: 'Refused', refusal, generation: 0 });
    expect(kinds(TYPO, edited)).toEqual(['dryRun']);
  });
});
