import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type IntervalInput, nextInterval } from './interval.ts';

const CALM = 600_000;

function of(change: Partial<IntervalInput> = {}): number {
  return nextInterval({
    calmMs: CALM,
    tookMs: 2,
    beforeMs: CALM,
    untilLimitMs: undefined,
    share: 0,
    ...change,
  });
}

it.each<[string, Partial<IntervalInput>, number]>([
  ['a calm database', {}, CALM],
  ['a new one, soon again', { beforeMs: undefined }, CALM / 4],
  ['then ever more rarely', { beforeMs: CALM / 4 }, CALM / 2],
  ['one near a limit', { share: 0.75 }, CALM / 4],
  ['one that reaches a limit in ten minutes', { untilLimitMs: 600_000 }, 150_000],
  ['one that reaches it in a minute', { untilLimitMs: 60_000 }, 30_000],
  ['one that reaches it in a year', { untilLimitMs: 365 * 86_400_000 }, CALM],
  ['one that takes two seconds to answer', { tookMs: 2_000, share: 1 }, 2_000_000],
  ['one that does not answer', { tookMs: undefined }, 2 * CALM],
  ['one that does not answer again and again', { tookMs: undefined, beforeMs: 50 * CALM }, 3_600_000],
])('%s', (_, change, ms) => {
  expect(of(change)).toBe(ms);
});

it('is never shorter than half a minute, and never longer than six calm intervals', () => {
  const input = fc.record({
    calmMs: fc.integer({ min: 30_000, max: 3_600_000 }),
    tookMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
    beforeMs: fc.option(fc.nat(10_000_000), { nil: undefined }),
    untilLimitMs: fc.option(fc.nat(1e12), { nil: undefined }),
    share: fc.double({ min: 0, max: 3, noNaN: true }),
  });
  fc.assert(
    fc.property(input, (given) => {
      const ms = nextInterval(given);
      return ms >= 30_000 && ms <= 6 * given.calmMs;
    }),
  );
});
