import { describe, expect, it } from 'vitest';
import {
  availableUpgrades,
  decideVersion,
  type CatalogueVersion,
  type VersionWish,
  newestOf,
} from './rules.ts';

function entry(name: string, more: Partial<CatalogueVersion> = {}): CatalogueVersion {
  const major = Number(name.split('.')[0]);
  return { name, lifecycle: 'Available', default: false, migratesFromMajor: major - 1, ...more };
}

/** The example of the hosted product's documentation: three versions, of which 2.3 must go through 2.5 to 3.1. */
const PRODUCT = [entry('2.3.0'), entry('2.5.0', { default: true }), entry('3.1.0')];

function decided(wish: Partial<VersionWish>, catalogue: readonly CatalogueVersion[] = PRODUCT): string {
  const decision = decideVersion(
    { wanted: undefined, current: undefined, openedBy: undefined, ...wish },
    catalogue,
  );
  return decision.accepted ? decision.version : decision.reason;
}

function running(version: string, wanted: string | undefined): VersionWish {
  return { wanted, current: version, openedBy: version };
}

describe('decideVersion', () => {
  it('refuses 2.3 -> 3.1 with the step to take first', () => {
    const decision = decideVersion(running('2.3.0', '3.1'), PRODUCT);
    expect(decision).toMatchObject({ accepted: false, reason: 'UpgradeRefused' });
    expect(decision).toHaveProperty('message', expect.stringContaining('upgrade to 2.5 first'));
  });

  it.each([
    { from: '2.3.0', to: '2.5', outcome: '2.5.0' },
    { from: '2.5.0', to: '3.1', outcome: '3.1.0' },
    { from: '2.5.0', to: '3.1.0', outcome: '3.1.0' },
    { from: '2.5.0', to: '2.3', outcome: 'DowngradeRefused' },
    { from: '3.1.0', to: '2.5', outcome: 'DowngradeRefused' },
    { from: '2.5.0', to: '9.9', outcome: 'UnknownVersion' },
    { from: '2.5.0', to: undefined, outcome: '2.5.0' },
  ])('takes $from to $to: $outcome', ({ from, to, outcome }) => {
    expect(decided(running(from, to))).toBe(outcome);
  });

  it('takes the newest default version at creation, and the newest patch of a minor that is named', () => {
    const catalogue = [entry('1.7.11'), entry('1.8.5'), entry('1.8.10', { default: true })];
    expect(decided({}, catalogue)).toBe('1.8.10');
    expect(decided({ wanted: '1.8' }, catalogue)).toBe('1.8.10');
    expect(decided({ wanted: '1.8.5' }, catalogue)).toBe('1.8.5');
    expect(decided({ wanted: '1.1' }, catalogue)).toBe('UnknownVersion');
  });

  it('says what is on offer when the catalogue has no default', () => {
    const decision = decideVersion({ wanted: undefined, current: undefined, openedBy: undefined }, [
      entry('1.8.10'),
    ]);
    expect(decision).toHaveProperty('message', expect.stringContaining('1.8.10'));
  });

  it('stays on the patch in force when a newer one of the same minor appears: that is for the window', () => {
    const catalogue = [entry('1.8.5'), entry('1.8.10')];
    expect(decided(running('1.8.5', '1.8'), catalogue)).toBe('1.8.5');
    expect(decided(running('1.8.5', undefined), catalogue)).toBe('1.8.5');
    expect(decided(running('1.8.5', '1.8.10'), catalogue)).toBe('1.8.10');
  });

  it('changes nothing by itself when the version in force is deleted from the catalogue', () => {
    for (const wanted of ['1.8', '1.8.5', undefined])
      expect(decided(running('1.8.5', wanted), [entry('1.8.10')]), wanted).toBe('1.8.5');
    expect(decided(running('1.8.5', '1.8'), [])).toBe('1.8.5');
    expect(decided(running('1.8.5', '1.8.10'), [entry('1.8.10')])).toBe('1.8.10');
    expect(decided(running('1.8.5', '1.8.4'), [entry('1.8.10')])).toBe('UnknownVersion');
  });

  it('goes back to no deleted version that is older than the data', () => {
    const wish = { wanted: '1.8.5', current: '1.8.5', openedBy: '1.8.10' };
    expect(decided(wish, [entry('1.8.10')])).toBe('DowngradeRefused');
  });

  it('gives a withdrawn version to nobody but those who have it', () => {
    const catalogue = [entry('1.7.11', { lifecycle: 'Withdrawn' }), entry('1.8.10')];
    expect(decided({ wanted: '1.7' }, catalogue)).toBe('WithdrawnVersion');
    expect(decided(running('1.7.11', '1.7'), catalogue)).toBe('1.7.11');
  });

  it('lets an upgrade be taken back until the new server has opened the data', () => {
    const catalogue = [entry('1.7.11'), entry('1.8.10')];
    expect(decided({ wanted: '1.7', current: '1.8.10', openedBy: '1.7.11' }, catalogue)).toBe('1.7.11');
    expect(decided({ wanted: '1.7', current: '1.8.10', openedBy: '1.8.10' }, catalogue)).toBe(
      'DowngradeRefused',
    );
    expect(decided({ wanted: '1.7', current: '1.8.10', openedBy: undefined }, catalogue)).toBe('1.7.11');
  });

  it('refuses also what is recorded as in force when something newer has opened the data', () => {
    const catalogue = [entry('1.8.5'), entry('1.8.10')];
    const stale = { current: '1.8.5', openedBy: '1.8.10' };
    const decision = decideVersion({ wanted: '1.8.5', ...stale }, catalogue);
    expect(decision).toMatchObject({ reason: 'DowngradeRefused' });
    expect(decision).toHaveProperty('message', expect.stringContaining('Allowed: 1.8.10'));
    expect(decided({ wanted: undefined, ...stale }, catalogue)).toBe('DowngradeRefused');
    expect(decided({ wanted: '1.8.10', ...stale }, catalogue)).toBe('1.8.10');
  });

  it('remembers what opened the data for an addon that is made anew', () => {
    const catalogue = [entry('1.7.11', { default: true }), entry('1.8.10')];
    expect(decided({ openedBy: '1.8.10' }, catalogue)).toBe('1.8.10');
    expect(decided({ wanted: '1.7', openedBy: '1.8.10' }, catalogue)).toBe('DowngradeRefused');
  });

  it('needs a version that knows how to migrate for the step to the next major', () => {
    const catalogue = [entry('1.8.10'), entry('2.7.0', { migratesFromMajor: null })];
    expect(decided(running('1.8.10', '2.7'), catalogue)).toBe('UpgradeRefused');
    expect(availableUpgrades('1.8.10', catalogue)).toEqual([]);
  });

  const LAST = entry('1.8.10');
  it.each([
    { from: '1.7.11', beside: [LAST], to: '2.7', outcome: 'UpgradeRefused' },
    { from: '1.8.10', beside: [entry('1.7.11')], to: '2.7', outcome: '2.7.0' },
    { from: '1.8.5', beside: [LAST], to: '2.7', outcome: '2.7.0' },
    {
      from: '1.7.11',
      beside: [entry('1.8.10', { lifecycle: 'Deprecated' })],
      to: '2.7',
      outcome: 'UpgradeRefused',
    },
    { from: '1.7.11', beside: [entry('1.8.10', { lifecycle: 'Withdrawn' })], to: '2.7', outcome: '2.7.0' },
    {
      from: '1.8.10',
      beside: [entry('2.9.0', { migratesFromMajor: 2 })],
      to: '2.9',
      outcome: 'UpgradeRefused',
    },
    { from: '1.8.10', beside: [entry('2.6.0'), entry('2.8.0')], to: '2.7', outcome: '2.7.0' },
    {
      from: '1.8.10',
      beside: [entry('3.0.0', { migratesFromMajor: 1 })],
      to: '3.0',
      outcome: 'UpgradeRefused',
    },
  ])(
    'goes to the next major only from the newest minor on offer: $from to $to is $outcome',
    ({ from, beside, to, outcome }) => {
      const catalogue = [entry(from), ...beside, entry('2.7.0')];
      expect(decided(running(from, to), catalogue)).toBe(outcome);
      const offered = availableUpgrades(from, catalogue).some((name) => name.startsWith(`${to}.`));
      expect(offered).toBe(outcome !== 'UpgradeRefused');
    },
  );

  it('compares numbers, not letters', () => {
    const catalogue = [entry('1.8.9'), entry('1.8.10'), entry('1.10.0')];
    expect(availableUpgrades('1.8.9', catalogue)).toEqual(['1.8.10', '1.10.0']);
    expect(decided(running('1.10.0', '1.8'), catalogue)).toBe('DowngradeRefused');
  });
});

describe('newestOf', () => {
  it.each<[(string | undefined)[], string | undefined]>([
    [['1.8.9', '1.8.10'], '1.8.10'],
    [['1.10.0', '1.9.9', undefined], '1.10.0'],
    [['1.8.10', '1.9.0-rc1', '1.9', 'edited'], '1.8.10'],
    [[undefined, ''], undefined],
    [['99999999999999999999.0.0', '1.7.11'], '1.7.11'],
  ])('of %j is %s', (records, newest) => {
    expect(newestOf(...records)).toBe(newest);
  });
});
