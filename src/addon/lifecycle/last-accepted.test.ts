import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';
import { addonOf, live, NOW, worldOf, NO_CHILDREN, contextOf } from '../testing/fixtures.ts';
import { buildAdminSecret } from '../children/admin-secret.ts';
import { buildClaim } from '../children/claim.ts';
import { decide } from '../decide.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import { acceptedOf, countingDeletionPolicy } from './last-accepted.ts';

type Policy = NonNullable<InfluxAddonSpec['deletionPolicy']>;

const names = childNames(ADDON);
const TYPO = { plan: 'no-such-plan' };

function ready(spec: Partial<InfluxAddonSpec>): Simulation {
  const simulation = new Simulation(spec);
  simulation.settle(20);
  return simulation;
}

function edited(simulation: Simulation, spec: Partial<InfluxAddonSpec>, rounds = 5): Simulation {
  simulation.happen({ event: 'Edit', spec });
  for (let round = 0; round < rounds; round += 1) simulation.fairRound();
  return simulation;
}

/** What is left of it. */
function deleted(simulation: Simulation): string[] {
  simulation.user.deleteAddon();
  simulation.finishDeletion(20);
  const left: [string, string][] = [
    ['PersistentVolumeClaim', names.claim],
    ['Secret', names.adminSecret],
  ];
  return left.filter(([kind, name]) => simulation.api.get(kind, name) !== undefined).map(([kind]) => kind);
}

const KEPT = ['PersistentVolumeClaim', 'Secret'];

describe('the deletionPolicy of a spec that was not accepted', () => {
  it.each<[string, Policy, readonly Partial<InfluxAddonSpec>[], string[]]>([
    ['Delete does not count against Retain', 'Retain', [{ ...TYPO, deletionPolicy: 'Delete' }], KEPT],
    ['Retain counts at once', 'Delete', [{ ...TYPO, deletionPolicy: 'Retain' }], KEPT],
    [
      'an edit of it alone is no more accepted than the rest',
      'Retain',
      [TYPO, { deletionPolicy: 'Delete' }],
      KEPT,
    ],
    ['counts once the rest is mended', 'Retain', [{ ...TYPO, deletionPolicy: 'Delete' }, { plan: '1g' }], []],
    ['counts with another plan, too', 'Retain', [{ plan: '2g', deletionPolicy: 'Delete' }], []],
  ])('%s', (_, deletionPolicy, edits, left) => {
    const simulation = ready({ deletionPolicy });
    for (const spec of edits) edited(simulation, spec);
    expect(deleted(simulation)).toEqual(left);
  });

  it('counts in an edit that comes while nobody works, where it is all that changed', () => {
    const simulation = edited(ready({ deletionPolicy: 'Delete' }), { deletionPolicy: 'Retain' }, 0);
    expect(deleted(simulation)).toEqual(KEPT);
  });

  it('does not count where nobody has looked at the rest of its spec yet', () => {
    const simulation = ready({ apps: [{ name: 'web', env: 'Inject' }] });
    edited(simulation, { ...TYPO, deletionPolicy: 'Delete' }, 0);
    expect(deleted(simulation)).toEqual(KEPT);
  });

  it('takes nothing that an earlier addon has left, before a spec was accepted', () => {
    const simulation = ready({});
    expect(deleted(simulation)).toEqual(KEPT);
    simulation.createAddon({ ...TYPO, deletionPolicy: 'Delete' });
    for (let round = 0; round < 5; round += 1) simulation.fairRound();
    expect(deleted(simulation)).toEqual(KEPT);
  });
});

function counting(spec: Partial<InfluxAddonSpec>, status: InfluxAddonStatus): Policy {
  const madeFor = { annotations: { [ANNOTATION.madeFor]: 'addon-uid' } };
  const secret = buildAdminSecret(contextOf());
  const adminSecret = live({ ...secret, metadata: { ...secret.metadata, ...madeFor } });
  return countingDeletionPolicy({
    addon: addonOf(spec, { status }),
    children: { ...NO_CHILDREN, adminSecret },
  });
}

describe('where live and accepted differ, the one that keeps more counts', () => {
  const POLICIES = ['Retain', 'Backup', 'Delete'] as const;
  it.each(POLICIES.flatMap((before) => POLICIES.map((now) => [before, now] as const)))(
    'accepted %s, then %s',
    (before, now) => {
      const accepted = acceptedOf(addonOf({ deletionPolicy: before }));
      const expected = POLICIES.find((each) => each === before || each === now);
      expect(counting({ ...TYPO, deletionPolicy: now }, { accepted })).toBe(expected);
      expect(counting({ deletionPolicy: now }, { accepted })).toBe(now);
    },
  );

  it('without a record the present words count', () => {
    expect(counting({ ...TYPO, deletionPolicy: 'Delete' }, {})).toBe('Delete');
  });
});

describe('the record of what was accepted', () => {
  const acceptedIn = (simulation: Simulation) => simulation.addon?.status?.accepted;

  it('is of the last spec that was accepted', () => {
    const simulation = ready({ deletionPolicy: 'Backup', deletionProtection: 'Enabled' });
    const accepted = acceptedIn(simulation);
    expect(accepted).toMatchObject({ deletionPolicy: 'Backup', deletionProtection: 'Enabled' });
    edited(simulation, { ...TYPO, deletionPolicy: 'Delete', deletionProtection: 'Disabled' });
    expect(acceptedIn(simulation)).toEqual(accepted);
    edited(simulation, { plan: '1g' });
    expect(acceptedIn(simulation)).toEqual({ revision: accepted?.revision, deletionPolicy: 'Delete' });
  });

  it('is not written for its own sake', () => {
    const simulation = ready({});
    simulation.api.change('InfluxAddon', ADDON, (object) => {
      const { status, ...addon } = object as typeof object & { status?: InfluxAddonStatus };
      const { accepted: _, ...older } = status ?? {};
      return { ...addon, status: older };
    });
    simulation.operator.writes = [];
    for (let round = 0; round < 20; round += 1) simulation.fairRound();
    expect(simulation.operator.writes).toEqual([]);
    edited(simulation, { deletionPolicy: 'Delete' });
    expect(acceptedIn(simulation)).toMatchObject({ deletionPolicy: 'Delete' });
  });
});

it('says on an addon that waits for its last backup whose policy it waits for', () => {
  const accepted = acceptedOf(addonOf({ deletionPolicy: 'Backup' }));
  const status = { accepted, dataPlane: { revision: 'r', verifiedAt: NOW.toISOString() } };
  const metadata = { finalizers: ['influxaddon.dev/operator'], deletionTimestamp: NOW.toISOString() };
  const addon = addonOf({ ...TYPO, deletionPolicy: 'Delete' }, { status, metadata });
  const children = { ...NO_CHILDREN, claim: live(buildClaim(contextOf())) };
  const decision = decide(worldOf({ addon, children }), {
    now: NOW,
    fresh: { number: () => 1, password: () => 'unused' },
  });
  const stalled = decision.status?.conditions?.find(({ type }) => type === 'Stalled');
  expect(stalled?.message).toContain('Backup of the last accepted one counts');
});
