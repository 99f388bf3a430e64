import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayId, dueSlot, lastSlot, nextSlot, scheduledName } from './schedule.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const moment = fc.date({ min: new Date('2030-01-01'), max: new Date('2033-01-01'), noInvalidDate: true });
const hour = fc.integer({ min: 0, max: 23 });
const NONE = { days: new Set<string>(), lastTakenAt: undefined };

describe('the turns of an addon', () => {
  it('are in its hour, one a day, the last before the next', () => {
    fc.assert(
      fc.property(moment, hour, fc.uuid(), (now, at, uid) => {
        const last = lastSlot(now, at, uid);
        const next = nextSlot(now, at, uid);
        expect(last.at.getTime()).toBeLessThanOrEqual(now.getTime());
        expect(next.at.getTime()).toBeGreaterThan(now.getTime());
        expect(next.at.getTime() - last.at.getTime()).toBe(DAY_MS);
        expect([last.at.getUTCHours(), next.at.getUTCHours()]).toEqual([at, at]);
        expect(last.id).toBe(dayId(last.at));
      }),
    );
  });

  it('of a thousand addons are spread over the hour', () => {
    const now = new Date('2030-01-02T12:00:00Z');
    const perSecond = new Map<number, number>();
    for (let n = 0; n < 1000; n += 1) {
      const second = lastSlot(now, 0, `uid-${n}`).at.getTime();
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(6);
    expect(perSecond.size).toBeGreaterThan(800);
  });
});

describe('what is due', () => {
  const schedule = { hour: 3, uid: 'a', since: new Date('2030-01-01') };

  it('after a week without an operator is one backup, not seven', () => {
    const taken = new Set(['20300102']);
    const due: string[] = [];
    for (let now = new Date('2030-01-09T12:00:00Z'), n = 0; n < 50; n += 1) {
      const slot = dueSlot(schedule, { days: taken, lastTakenAt: undefined }, now);
      if (slot === undefined) break;
      due.push(slot.id);
      taken.add(slot.id);
      now = new Date(now.getTime() + 1000);
    }
    expect(due).toEqual(['20300109']);
  });

  it('is one backup a day over a year, whenever the operator looks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 * HOUR_MS }), { minLength: 300, maxLength: 300 }),
        (gaps) => {
          const days = new Set<string>();
          let now = schedule.since.getTime();
          let missed = 0;
          for (const gap of gaps) {
            now += gap;
            if (gap > DAY_MS) missed += 1;
            const slot = dueSlot(schedule, { days, lastTakenAt: undefined }, new Date(now));
            if (slot === undefined) continue;
            expect(days.has(slot.id)).toBe(false);
            days.add(slot.id);
          }
          const passed = Math.floor((now - schedule.since.getTime()) / DAY_MS);
          expect(days.size).toBeGreaterThanOrEqual(passed - missed - 1);
          expect(days.size).toBeLessThanOrEqual(passed + 1);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is nothing of before the addon', () => {
    const since = new Date('2030-01-09T11:00:00Z');
    expect(dueSlot({ ...schedule, since }, NONE, new Date('2030-01-09T12:00:00Z'))).toBeUndefined();
    expect(dueSlot({ ...schedule, since }, NONE, new Date('2030-01-10T12:00:00Z'))?.id).toBe('20300110');
  });

  it('is not another one when the hour is changed after the backup of today', () => {
    const taken = { days: new Set(['20300109']), lastTakenAt: new Date('2030-01-09T03:30:00Z') };
    expect(dueSlot({ ...schedule, hour: 9 }, taken, new Date('2030-01-09T12:00:00Z'))).toBeUndefined();
  });

  it('has been met by a backup that was made up for after midnight', () => {
    // The turn of the 8th came at 23 h; it was missed, and made up for on the 9th.
    const late = { ...schedule, hour: 23 };
    const taken = { days: new Set(['20300107']), lastTakenAt: new Date('2030-01-09T01:00:00Z') };
    expect(dueSlot(late, taken, new Date('2030-01-09T02:00:00Z'))).toBeUndefined();
    expect(dueSlot(late, taken, new Date('2030-01-10T00:00:00Z'))?.id).toBe('20300109');
  });
});

describe('the name of a scheduled backup', () => {
  it('is the same from whoever makes it, and another one for the next addon of that name', () => {
    const slot = { id: '20300109' };
    expect(scheduledName('my-app', 'uid-1', slot)).toBe(scheduledName('my-app', 'uid-1', slot));
    expect(scheduledName('my-app', 'uid-1', slot)).not.toBe(scheduledName('my-app', 'uid-2', slot));
    expect(scheduledName('a'.repeat(40), 'uid', slot).length).toBeLessThanOrEqual(63);
  });
});
