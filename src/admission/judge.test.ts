import { describe, expect, test } from 'vitest';
import { ADMIN_KEY } from '../addon/identity/admin-keys.ts';
import { encode } from '../addon/world/secret-data.ts';
import {
  addonOf,
  inForce,
  live,
  NO_CHILDREN,
  NOW,
  planOf,
  VERSIONS,
  worldOf,
} from '../addon/testing/fixtures.ts';
import type { World } from '../addon/world/world.ts';
import type { InfluxAddon, InfluxAddonSpec } from '../api/influx-addon.ts';
import type { Secret } from '../kube/objects/kinds.ts';
import type { Live } from '../kube/objects/types.ts';
import { judge } from './judge.ts';

const ending = { deletionTimestamp: NOW.toISOString() };
/** The catalogue of most tests: 1.7.11, 1.8.5, 1.8.10 (default), and two of later majors. */
const versions: World['versions'] = [
  ...VERSIONS,
  { name: '1.6.7', image: 'influxdb:1.6.7', lifecycle: 'Withdrawn', default: false, migratesFromMajor: null },
  { name: '2.7.0', image: 'influxdb:2.7.0', lifecycle: 'Available', default: false, migratesFromMajor: null },
  { name: '3.1.0', image: 'influxdb:3.1.0', lifecycle: 'Available', default: false, migratesFromMajor: 2 },
];

describe('a new addon', () => {
  test.each<[string, Partial<InfluxAddonSpec>, string | undefined, RegExp | undefined]>([
    ['with a plan of the catalogue', {}, undefined, undefined],
    ['with a minor', { version: '1.7' }, undefined, undefined],
    ['with an exact version', { version: '1.8.5' }, undefined, undefined],
    ['with an unknown plan', { plan: 'none' }, 'UnknownPlan', /^spec\.plan: none .*allowed: 512m, 1g, 2g\.$/],
    [
      'with a withdrawn plan',
      { plan: '32g' },
      'WithdrawnPlan',
      /^spec\.plan: 32g is withdrawn.*allowed: 512m/,
    ],
    [
      'with an unknown minor',
      { version: '1.9' },
      'UnknownVersion',
      /^spec\.version: 1\.9 .*allowed: 1\.7\.11, 1\.8\.5, 1\.8\.10/,
    ],
    ['with an unknown patch', { version: '1.8.11' }, 'UnknownVersion', /^spec\.version: 1\.8\.11 /],
    [
      'with a withdrawn version',
      { version: '1.6.7' },
      'WithdrawnVersion',
      /^spec\.version: 1\.6\.7 is withdrawn/,
    ],
    [
      'with an engine that the operator cannot run',
      { version: '2.7' },
      'UnknownVersion',
      /runs InfluxDB 1\.x only/,
    ],
  ])('%s', (_, spec, reason, message) => {
    const { refusal } = judge(creation(addonOf(spec)), look());
    expect(refusal?.reason).toBe(reason);
    if (message !== undefined) expect(refusal?.message).toMatch(message);
  });

  test('takes up what an earlier one of its name has left: no downgrade by delete and create', () => {
    const kept = { children: { ...NO_CHILDREN, adminSecret: adminSecret('1.8.10') } };
    expect(judge(creation(addonOf({ version: '1.7' })), look(kept)).refusal?.reason).toBe('DowngradeRefused');
    expect(judge(creation(addonOf({ version: '1.8' })), look(kept)).refusal).toBeUndefined();
  });

  test('does not begin from what is just being deleted', () => {
    const going = { children: { ...NO_CHILDREN, adminSecret: adminSecret('1.8.10', ending) } };
    expect(judge(creation(addonOf({ version: '1.7' })), look(going)).refusal).toBeUndefined();
  });

  test('is warned of what is deprecated', () => {
    const deprecated = versions.map((each) =>
      each.name === '1.7.11' ? { ...each, lifecycle: 'Deprecated' as const } : each,
    );
    const addon = addonOf({ version: '1.7' });
    const verdict = judge(creation(addon), look({ plan: planOf('1g', 'Deprecated'), versions: deprecated }));
    expect(verdict).toEqual({
      refusal: undefined,
      warnings: [
        expect.stringMatching(/^spec\.plan: 1g is deprecated/),
        expect.stringMatching(/^spec\.version: 1\.7\.11 is deprecated/),
      ],
    });
    for (const warning of verdict.warnings) expect(warning.length).toBeLessThanOrEqual(120);
  });

  test('lists nothing that no engine would take', () => {
    const policies = [{ name: 'day', duration: '1d', shardDuration: '2d' }];
    const { refusal } = judge(creation(addonOf({ retentionPolicies: policies })), look());
    expect(refusal?.message).toBe(
      'spec.retentionPolicies: day: shardDuration must not be longer than duration.',
    );
    const query = { name: 'q', query: 'SELECT 1 INTO b FROM a GROUP BY time(1h); DROP SERIES FROM a' };
    expect(judge(creation(addonOf({ continuousQueries: [query] })), look()).refusal?.message).toContain(';');
  });
});

describe('an edit of an addon that runs 1.8.5', () => {
  const runs = { children: { ...NO_CHILDREN, adminSecret: adminSecret('1.8.5') } };
  const before = addonOf({ version: '1.8.5' });

  test.each<[string, Partial<InfluxAddonSpec>, string | undefined, RegExp | undefined]>([
    ['upwards', { version: '1.8.10' }, undefined, undefined],
    ['to another plan', { version: '1.8.5', plan: '2g' }, undefined, undefined],
    [
      'downwards',
      { version: '1.7.11' },
      'DowngradeRefused',
      /older than 1\.8\.5.*Allowed: 1\.8\.5, 1\.8\.10\.$/,
    ],
    [
      'over a major',
      { version: '3.1.0' },
      'UpgradeRefused',
      /skips a major version; upgrade to a 2\.x version first/,
    ],
    [
      'to a major that cannot migrate',
      { version: '2.7' },
      'UpgradeRefused',
      /does not know how to migrate data of 1\.x/,
    ],
    ['to no plan', { version: '1.8.5', plan: 'none' }, 'UnknownPlan', /allowed: /],
  ])('%s', (_, spec, reason, message) => {
    const { refusal } = judge(edit(before, addonOf(spec)), look(runs));
    expect(refusal?.reason).toBe(reason);
    if (message !== undefined) expect(refusal?.message).toMatch(message);
  });

  test('keeps a plan and a version that were withdrawn meanwhile', () => {
    const withdrawn = versions.map((each) => ({ ...each, lifecycle: 'Withdrawn' as const }));
    const world = { ...runs, plan: planOf('1g', 'Withdrawn'), versions: withdrawn };
    const addon = addonOf({ version: '1.8.5', state: 'Stopped' });
    expect(judge(edit(before, addon), look(world))).toEqual({ refusal: undefined, warnings: [] });
  });
});

describe('an edit of an addon whose spec was wrong before', () => {
  const before = addonOf({ plan: 'none' });

  test('of something else is stored, with the old mistake as a warning', () => {
    const verdict = judge(edit(before, addonOf({ plan: 'none', state: 'Stopped' })), look());
    expect(verdict.refusal).toBeUndefined();
    expect(verdict.warnings).toEqual([expect.stringMatching(/^spec\.plan: none is not in the catalogue/)]);
  });

  test('to anything valid is stored', () => {
    expect(judge(edit(before, addonOf({ plan: '2g' })), look())).toEqual({
      refusal: undefined,
      warnings: [],
    });
  });

  test('to another mistake is refused', () => {
    const other = addonOf({ plan: '1g', version: '1.9' });
    expect(judge(edit(before, other), look()).refusal?.reason).toBe('UnknownVersion');
  });
});

describe('never refused, whatever the spec says, and without a look at anything', () => {
  const wrong = addonOf({ plan: 'none' });
  const dontLook = (): World => {
    throw new Error('this was looked up');
  };
  test.each([
    [
      'labels, annotations, finalizers',
      edit(wrong, { ...wrong, metadata: { ...wrong.metadata, labels: { a: 'b' } } }),
    ],
    ['status', edit(wrong, { ...wrong, status: { plan: '1g' } })],
    ['an addon that is being deleted', edit(addonOf(), addonOf({ plan: 'none' }, { metadata: ending }))],
    ['a deletion', { uid: '1', operation: 'DELETE' as const, addon: undefined, before: wrong }],
    ['a connection', { uid: '1', operation: 'CONNECT' as const, addon: wrong, before: undefined }],
  ])('%s', (_, review) => {
    expect(judge(review, dontLook)).toEqual({ refusal: undefined, warnings: [] });
  });
});

function creation(addon: Live<InfluxAddon>) {
  return { uid: '1', operation: 'CREATE', addon, before: undefined } as const;
}

function edit(before: Live<InfluxAddon>, addon: Live<InfluxAddon>) {
  return { uid: '1', operation: 'UPDATE', addon, before } as const;
}

/** 32g is withdrawn, `none` is not there, every other plan is. */
function look(overrides: Partial<World> = {}) {
  return (addon: Live<InfluxAddon>): World => {
    const withdrawn = addon.spec.plan === '32g' ? { plan: planOf('32g', 'Withdrawn') } : {};
    return worldOf({
      addon,
      versions,
      ...withdrawn,
      ...overrides,
      ...(addon.spec.plan === 'none' ? { plan: undefined } : {}),
    });
  };
}

/** Says what the data was last opened by; the plan is 1g. */
function adminSecret(version: string, metadata: object = {}): Live<Secret> {
  const data = { [ADMIN_KEY.openedBy]: version, [ADMIN_KEY.inForce]: JSON.stringify(inForce('1g', version)) };
  return live<Secret>({ metadata: { name: 'my-app-influx-admin', ...metadata }, data: encode(data) });
}
