import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growthRate, type Sample, secondsUntilFull, withSample } from './forecast.ts';

const MINUTE = 60_000;

function samplesOf(count: number, everyMs: number, bytesAt: (seconds: number) => number): Sample[] {
  let samples: Sample[] = [];
  for (let index = 0; index < count; index += 1) {
    const atMs = index * everyMs;
    samples = withSample(samples, { atMs, bytes: bytesAt(atMs / 1000) });
  }
  return samples;
}

describe('growthRate', () => {
  it('is the slope of what grows evenly, however long it is looked at', () => {
    const property = fc.property(
      fc.integer({ min: 6, max: 400 }),
      fc.integer({ min: 10, max: 120 }),
      fc.integer({ min: -1000, max: 1_000_000 }),
      (count, minutes, rate) => {
        const samples = samplesOf(count, minutes * MINUTE, (seconds) => 1e9 + rate * seconds);
        expect(samples.length).toBeLessThanOrEqual(24);
        expect(growthRate(samples)).toBeCloseTo(rate, 3);
      },
    );
    fc.assert(property);
  });

  it('is unknown after too short a time or too few looks', () => {
    expect(growthRate([])).toBeUndefined();
    expect(growthRate(samplesOf(5, 60 * MINUTE, (s) => s))).toBeUndefined();
    expect(growthRate(samplesOf(20, MINUTE, (s) => s))).toBeUndefined();
  });

  it('is not misled by a compaction that halves what there is now and then', () => {
    const rate = growthRate(
      samplesOf(20, 10 * MINUTE, (s) => 1000 * s + (Math.floor(s / 600) % 7 === 3 ? -300_000 : 0)),
    );
    expect(rate).toBeGreaterThan(900);
    expect(rate).toBeLessThan(1100);
  });

  it('forgets what was more than a week ago, and time that went back', () => {
    const old = samplesOf(10, 10 * MINUTE, () => 1);
    const week = 7 * 24 * 60 * MINUTE;
    expect(withSample(old, { atMs: week + 90 * MINUTE + 1, bytes: 2 })).toHaveLength(1);
    expect(withSample(old, { atMs: 15 * MINUTE, bytes: 2 }).map(({ atMs }) => atMs)).toEqual([
      0,
      10 * MINUTE,
      15 * MINUTE,
    ]);
  });
});

it('what does not grow is never full', () => {
  expect(secondsUntilFull(undefined, 100)).toBeUndefined();
  expect(secondsUntilFull(0, 100)).toBeUndefined();
  expect(secondsUntilFull(-5, 100)).toBeUndefined();
  expect(secondsUntilFull(10, 100)).toBe(10);
  expect(secondsUntilFull(10, -1)).toBe(0);
});
