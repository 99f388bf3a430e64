import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ROLLOVER_PACE,
  rolloverStep,
  trustedIds,
  trustRevision,
  type Authorities,
  type Followers,
  type RolloverPace,
  type RolloverStep,
} from './rollover.ts';
import { simulate } from './testing/rollover-simulation.ts';
import { day } from './testing/certificates.ts';

const signing = { id: 'one', notBefore: day(0), notAfter: day(3600) };
const next = { id: 'two', notBefore: day(2400), notAfter: day(6000), trustedSince: day(2400) };
const promoted = { id: 'two', notBefore: day(2400), notAfter: day(6000) };
const former = { ...signing, signedUntil: day(2415) };
const NONE: Authorities = { signing: undefined, next: undefined, former: undefined };
const FOLLOWED: Followers = { withoutNext: 0, onFormer: 0 };

describe('rolloverStep', () => {
  const table: {
    state: Partial<Authorities>;
    at: number;
    followers?: Partial<Followers>;
    step: RolloverStep;
  }[] = [
    { state: {}, at: 0, step: { do: 'makeFirst' } },
    { state: { signing }, at: 1, step: { do: 'nothing', until: day(2400) } },
    { state: { signing }, at: 2400, step: { do: 'makeNext' } },
    { state: { signing }, at: 9999, step: { do: 'makeNext' } },
    { state: { signing, next }, at: 2401, step: { do: 'nothing', until: day(2415) } },
    { state: { signing, next }, at: 2415, step: { do: 'promote', behind: 0 } },
    {
      state: { signing, next },
      at: 2415,
      followers: { withoutNext: 3 },
      step: { do: 'nothing', until: day(3000) },
    },
    { state: { signing, next }, at: 3000, followers: { withoutNext: 3 }, step: { do: 'promote', behind: 3 } },
    {
      state: { signing, next: { ...next, trustedSince: day(3590) } },
      at: 3595,
      step: { do: 'nothing', until: day(3600) },
    },
    {
      state: { signing, next: { ...next, trustedSince: day(3599) } },
      at: 3600,
      followers: { withoutNext: 1 },
      step: { do: 'promote', behind: 1 },
    },
    { state: { signing: promoted, former }, at: 2415, step: { do: 'nothing', until: day(2430) } },
    { state: { signing: promoted, former }, at: 2430, step: { do: 'dropFormer', behind: 0 } },
    {
      state: { signing: promoted, former },
      at: 2430,
      followers: { onFormer: 1 },
      step: { do: 'nothing', until: day(2780) },
    },
    {
      state: { signing: promoted, former },
      at: 2780,
      followers: { onFormer: 1 },
      step: { do: 'dropFormer', behind: 1 },
    },
    {
      state: { signing: promoted, former: { ...former, signedUntil: day(3500) } },
      at: 3600,
      followers: { onFormer: 1 },
      step: { do: 'dropFormer', behind: 1 },
    },
    // A second successor waits until the last one before it is gone.
    {
      state: { signing: promoted, former },
      at: 4800,
      followers: { onFormer: 1 },
      step: { do: 'dropFormer', behind: 1 },
    },
  ];
  it.each(table)('on day $at: $step.do', ({ state, at, followers, step }) => {
    expect(rolloverStep({ ...NONE, ...state }, { ...FOLLOWED, ...followers }, day(at))).toEqual(step);
  });

  it('never asks to be called again for nothing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...table),
        fc.integer({ min: 0, max: 7000 }),
        fc.nat(2),
        fc.nat(2),
        (row, at, a, b) => {
          const step = rolloverStep({ ...NONE, ...row.state }, { withoutNext: a, onFormer: b }, day(at));
          if (step.do === 'nothing') expect(step.until.getTime()).toBeGreaterThan(day(at).getTime());
        },
      ),
    );
  });
});

describe('a fleet over forty years', () => {
  const lags = fc.array(fc.record({ app: fc.nat(13), database: fc.nat(13) }), { minLength: 1, maxLength: 4 });
  const ticks = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 40, maxLength: 60 });

  it('never has a database that an application of its does not trust, and never goes a step back', () => {
    fc.assert(
      fc.property(lags, ticks, fc.boolean(), (fleet, pauses, counted) => {
        const { faults, steps } = simulate({ fleet, pauses, counted, days: 14_600, pace: ROLLOVER_PACE });
        expect(faults).toEqual([]);
        expect(steps).toMatch(/^makeFirst( makeNext promote dropFormer)*( makeNext( promote)?)?$/);
        expect(steps.split('promote').length).toBeGreaterThan(5);
      }),
      { numRuns: 25 },
    );
  });

  it('waits for an application that follows months late', () => {
    const fleet = [
      { app: 250, database: 3 },
      { app: 2, database: 40 },
    ];
    const { faults } = simulate({ fleet, pauses: [1], counted: true, days: 6000, pace: ROLLOVER_PACE });
    expect(faults).toEqual([]);
  });

  it.each<{ wrong: string; pace: RolloverPace }>([
    { wrong: 'signs before the successor is trusted', pace: { ...ROLLOVER_PACE, trustDays: 0 } },
    { wrong: 'drops what is still shown', pace: { ...ROLLOVER_PACE, dropDays: 0 } },
  ])('would not pass this test with a pace that $wrong', ({ pace }) => {
    const fleet = [
      { app: 0, database: 9 },
      { app: 9, database: 0 },
    ];
    const { faults } = simulate({ fleet, pauses: [1], counted: false, days: 6000, pace });
    expect(faults).not.toEqual([]);
  });
});

describe('what is trusted', () => {
  it('is all that there is, and an application is restarted for the newest only', () => {
    expect(trustedIds(NONE)).toEqual([]);
    expect(trustRevision(NONE)).toBeUndefined();
    const course: Authorities[] = [
      { ...NONE, signing },
      { ...NONE, signing, next },
      { ...NONE, signing: promoted, former },
      { ...NONE, signing: promoted },
    ];
    expect(course.map(trustedIds)).toEqual([['one'], ['one', 'two'], ['two', 'one'], ['two']]);
    expect(course.map(trustRevision)).toEqual(['one', 'two', 'two', 'two']);
  });
});
