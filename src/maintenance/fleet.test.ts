import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countFleet, type FleetLimits, type FleetMember } from './fleet.ts';
import { mayRunNow } from './may-run.ts';
import { aheadOf } from './testing/full-scan.ts';
import type { Window } from './window.ts';

const NOW = new Date('2026-03-10T22:00:00Z');
const LIMITS: FleetLimits = { maxAtOnce: 3, maxFailures: 2, patienceMinutes: 30 };

function minutes(offset: number): Date {
  return new Date(NOW.getTime() + offset * 60_000);
}

const ALWAYS: Window = { weekday: 'Tuesday', startHour: 21, durationHours: 168 };

function member(uid: string, more: Partial<FleetMember> = {}): FleetMember {
  return { uid, startedAt: undefined, wish: undefined, ...more };
}

function waiting(uid: string, since: number, asked = false): FleetMember {
  return member(uid, { wish: { asked, since: minutes(since), window: ALWAYS, deadline: undefined } });
}

describe('countFleet', () => {
  it('counts who is in maintenance, and as broken who has not come out of it in time', () => {
    const members = [
      member('a'),
      member('b', { startedAt: minutes(-1) }),
      member('c', { startedAt: minutes(-29.9) }),
      member('d', { startedAt: minutes(-30) }),
      member('e', { startedAt: minutes(-9999) }),
      waiting('f', -9),
    ];
    expect(countFleet(members, LIMITS, NOW)).toEqual({ running: 2, failures: 2 });
  });

  it('forgets a failure when the database is well again', () => {
    const broken = member('a', { startedAt: minutes(-99) });
    expect(countFleet([broken], LIMITS, NOW).failures).toBe(1);
    expect(countFleet([{ ...broken, startedAt: undefined }], LIMITS, NOW).failures).toBe(0);
  });
});

describe('the order of those who wait', () => {
  it('lets go first whom somebody asked for, then who has waited longest', () => {
    const members = [
      waiting('a', -5),
      waiting('b', -9),
      waiting('c', -1, true),
      waiting('d', -9),
      member('e'),
    ];
    const order = members.map((each) => [each.uid, aheadOf(members, each.uid, NOW)]);
    expect(order).toEqual([
      ['a', 3],
      ['b', 1],
      ['c', 0],
      ['d', 2],
      ['e', 4],
    ]);
  });

  it('gives everybody who waits a place of his own, in whatever order they are listed', () => {
    const wish = fc.record({
      asked: fc.boolean(),
      since: fc.integer({ min: -3, max: 0 }).map(minutes),
      window: fc.constant(ALWAYS),
      deadline: fc.constant(undefined),
    });
    const members = fc.uniqueArray(fc.record({ uid: fc.uuid(), startedAt: fc.constant(undefined), wish }), {
      selector: ({ uid }) => uid,
      maxLength: 12,
    });
    fc.assert(
      fc.property(members, (list) => {
        const places = list
          .map((each) => aheadOf(list.toReversed(), each.uid, NOW))
          .toSorted((a, b) => a - b);
        expect(places).toEqual(list.map((_, place) => place));
      }),
    );
  });
});

describe('a fleet in one window', () => {
  /** Minutes that each database takes; 0 for one that never comes back. */
  const fleets = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 });

  it('has never more in maintenance than allowed, though many are decided before any has begun', () => {
    fc.assert(
      fc.property(fleets, fc.integer({ min: 1, max: 5 }), (takes, maxAtOnce) => {
        const { most, done } = roll(
          takes.map((take) => Math.max(take, 1)),
          { ...LIMITS, maxAtOnce },
        );
        expect(most).toBeLessThanOrEqual(maxAtOnce);
        expect(done).toBe(takes.length);
      }),
    );
  });

  it('stops after so many failures, and has broken no more by then than were under way', () => {
    fc.assert(
      fc.property(fleets, fc.integer({ min: 1, max: 4 }), (takes, maxFailures) => {
        const limits = { ...LIMITS, maxFailures };
        const { broken, done } = roll(takes, limits);
        const bad = takes.filter((take) => take === 0).length;
        expect(broken).toBeLessThanOrEqual(maxFailures - 1 + limits.maxAtOnce);
        if (bad < maxFailures) expect(done).toBe(takes.length - bad);
      }),
    );
  });

  /** Eight hours by the minute; each minute everybody is decided on the same view, and then all that may begin. */
  function roll(takes: readonly number[], limits: FleetLimits) {
    let fleet = takes.map((take, index) => ({ ...waiting(`uid-${index}`, -index % 3), take }));
    let most = 0;
    for (let minute = 0; minute < 400; minute += 1) {
      const now = minutes(minute);
      fleet = fleet.map((each) => {
        const ends =
          each.take > 0 && each.startedAt !== undefined && each.startedAt <= minutes(minute - each.take);
        return ends ? { ...each, startedAt: undefined } : each;
      });
      const count = countFleet(fleet, limits, now);
      const begin = fleet.filter((each) => {
        if (each.wish === undefined) return false;
        const permission = mayRunNow({
          window: { weekday: 'Tuesday', startHour: 21, durationHours: 24 },
          now,
          maintainNow: undefined,
          lastHandled: undefined,
          freeze: false,
          fleet: { ...count, ahead: aheadOf(fleet, each.uid, now) },
          limits,
        });
        return permission.run;
      });
      fleet = fleet.map((each) =>
        begin.includes(each) ? { ...each, wish: undefined, startedAt: now } : each,
      );
      most = Math.max(most, countFleet(fleet, limits, now).running);
    }
    const broken = fleet.filter(({ startedAt }) => startedAt !== undefined).length;
    const done = fleet.filter((each) => each.startedAt === undefined && each.wish === undefined).length;
    return { most, broken, done };
  }
});
