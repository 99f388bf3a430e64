import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRoomForSeries, maySearch, seriesLevel, type SeriesLevel } from './cardinality.ts';

const LEVELS: readonly SeriesLevel[] = ['Within', 'Near', 'Over'];
const level = fc.constantFrom(...LEVELS);

describe('seriesLevel', () => {
  it.each<[SeriesLevel, number, SeriesLevel]>([
    ['Within', 0, 'Within'],
    ['Within', 79_999, 'Within'],
    ['Within', 80_000, 'Near'],
    ['Within', 100_000, 'Over'],
    ['Near', 70_000, 'Near'],
    ['Near', 69_999, 'Within'],
    ['Near', 99_999, 'Near'],
    ['Over', 95_000, 'Over'],
    ['Over', 94_999, 'Near'],
    ['Over', 1_000, 'Within'],
  ])('after %s, %d of 100000 series are %s', (before, series, after) => {
    expect(seriesLevel(before, series, 100_000)).toBe(after);
  });

  it('never flaps: a count that moves by less than 5 % of the limit changes it once at most', () => {
    const property = fc.property(
      level,
      fc.integer({ min: 0, max: 300_000 }),
      fc.array(fc.integer({ min: 0, max: 4_999 }), { minLength: 2, maxLength: 50 }),
      (start, series, noise) => {
        let now = start;
        let changes = 0;
        for (const extra of noise) {
          const next = seriesLevel(now, series + extra, 100_000);
          changes += next === now ? 0 : 1;
          now = next;
        }
        return changes <= 2; // one to where it belongs, one more over a limit in its course
      },
    );
    fc.assert(property, { numRuns: 2_000 });
  });

  it('is never better with more series', () => {
    const property = fc.property(level, fc.nat(200_000), fc.nat(200_000), (before, a, b) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((n) =>
        LEVELS.indexOf(seriesLevel(before, n, 100_000)),
      );
      return (less ?? 0) <= (more ?? 0);
    });
    fc.assert(property);
  });
});

it('a plan that has room for the series would not say the same again', () => {
  const property = fc.property(
    level,
    fc.nat(10_000_000),
    fc.integer({ min: 1, max: 10_000_000 }),
    (before, series, limit) =>
      hasRoomForSeries(limit, series) ? seriesLevel(before, series, limit) === 'Within' : true,
  );
  fc.assert(property);
});

it('a database with more than twice its series is not asked to count them', () => {
  expect(maySearch(200_000, 100_000)).toBe(true);
  expect(maySearch(200_001, 100_000)).toBe(false);
});
