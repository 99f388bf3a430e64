import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WEEKDAYS } from '../api/addon-defaults.ts';
import type { FleetLimits, FleetMember } from './fleet.ts';
import { FleetSummary } from './fleet-summary.ts';
import { placeByScan, waitingByScan } from './testing/full-scan.ts';

const START = new Date('2026-03-10T12:00:00Z').getTime();
const MINUTE_MS = 60_000;
const LIMITS: FleetLimits = { maxAtOnce: 3, maxFailures: 2, patienceMinutes: 30 };
const at = (minutes: number) => new Date(START + minutes * MINUTE_MS);

const moment = fc.integer({ min: -100, max: 20_000 }).map(at);
const windows = fc.record({
  weekday: fc.constantFrom(...WEEKDAYS),
  startHour: fc.integer({ min: 0, max: 23 }),
  durationHours: fc.constantFrom(1, 2, 8, 24, 100, 168),
});
const members: fc.Arbitrary<FleetMember> = fc.record({
  uid: fc.integer({ min: 0, max: 14 }).map((index) => `uid-${index}`),
  startedAt: fc.option(moment, { nil: undefined, freq: 2 }),
  wish: fc.option(
    fc.record({
      asked: fc.boolean(),
      since: fc.integer({ min: -3, max: 0 }).map(at),
      window: fc.option(windows, { nil: undefined }),
      deadline: fc.option(moment, { nil: undefined }),
    }),
    { nil: undefined },
  ),
});
type Step =
  | { readonly do: 'put'; readonly member: FleetMember }
  | { readonly do: 'remove'; readonly uid: string }
  | { readonly do: 'begin'; readonly uid: string; readonly writes: boolean }
  | { readonly do: 'time'; readonly minutes: number };
const uids = members.map(({ uid }) => uid);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), member: members }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), uid: uids }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('begin' as const), uid: uids, writes: fc.boolean() }),
    },
    // Now and then back, as a clock that is set.
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('time' as const),
        minutes: fc.integer({ min: -300, max: 3000 }),
      }),
    },
  ),
  { maxLength: 60 },
);

describe('FleetSummary', () => {
  it('says after every change what looking at everybody says', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const summary = new FleetSummary();
        const present = new Map<string, FleetMember>();
        let now = START;
        const agrees = () => {
          const all = [...present.values()];
          const time = new Date(now);
          for (const uid of [...present.keys(), 'somebody else'])
            expect({ ...summary.count(LIMITS, time), ahead: summary.ahead(uid, time) }).toEqual(
              placeByScan(all, uid, LIMITS, time),
            );
          expect(summary.first(Infinity, time)).toEqual(waitingByScan(all, time));
          expect(summary.first(2, time)).toEqual(waitingByScan(all, time).slice(0, 2));
        };
        for (const step of list) {
          if (step.do === 'time') now += step.minutes * MINUTE_MS;
          if (step.do === 'put') {
            summary.put(step.member);
            present.set(step.member.uid, step.member);
          }
          if (step.do === 'remove') {
            summary.remove(step.uid);
            present.delete(step.uid);
          }
          const before = step.do === 'begin' ? present.get(step.uid) : undefined;
          if (step.do === 'begin' && before !== undefined) {
            const begun = { ...before, startedAt: before.startedAt ?? new Date(now) };
            const settle = summary.begin(step.uid, new Date(now));
            present.set(step.uid, begun);
            agrees();
            // Told of it again in between, as it was.
            summary.put(before);
            agrees();
            const after = step.writes ? begun : before;
            settle(after);
            present.set(step.uid, after);
          }
          agrees();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('counts one that has begun before its status is written, and no more when that fails', () => {
    const summary = new FleetSummary();
    const now = at(0);
    const wish = { asked: true, since: now, window: undefined, deadline: undefined };
    const member: FleetMember = { uid: 'a', startedAt: undefined, wish };
    summary.put(member);
    const settle = summary.begin('a', now);
    expect(summary.count(LIMITS, now).running).toBe(1);
    expect(summary.first(1, now)).toEqual([]);
    settle(member);
    expect(summary.count(LIMITS, now).running).toBe(0);
    expect(summary.first(1, now)).toEqual(['a']);
    summary.begin('a', now)(undefined);
    expect(summary.get('a')).toBeUndefined();
  });
});
