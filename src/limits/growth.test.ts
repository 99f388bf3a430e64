import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GrowthInput, nextSize } from './growth.ts';

const GiB = 2 ** 30;
const HOUR = 3_600_000;
const now = 1_000 * HOUR;

function inputOf(change: Partial<GrowthInput> = {}): GrowthInput {
  return {
    requestedBytes: 20 * GiB,
    actualBytes: 20 * GiB,
    maxBytes: 40 * GiB,
    rate: undefined,
    grownMs: undefined,
    isFull: false,
    nowMs: now,
    ...change,
  };
}

describe('nextSize', () => {
  it.each<[string, Partial<GrowthInput>, number]>([
    ['a fifth more', {}, 24],
    ['whole GiB', { requestedBytes: 21 * GiB, actualBytes: 21 * GiB }, 26],
    ['a GiB at least', { requestedBytes: GiB, actualBytes: GiB }, 2],
    ['as much as half a day takes', { rate: GiB / 3600 }, 32],
    ['no more than the ceiling', { rate: GiB }, 40],
    ['up to a ceiling that is no whole GiB', { maxBytes: 20.5 * GiB }, 20.5],
    ['again after six hours', { grownMs: now - 6 * HOUR }, 24],
    ['again after ten minutes when it is full', { grownMs: now - HOUR / 6, isFull: true }, 24],
    ['at once when it grew in the future, by a clock that was wrong', { grownMs: now + HOUR }, 24],
  ])('%s', (_, change, gib) => {
    expect(nextSize(inputOf(change))).toEqual({ grow: true, toBytes: gib * GiB });
  });

  it.each<[string, Partial<GrowthInput>, object]>([
    ['at the ceiling', { maxBytes: 20 * GiB }, { why: 'Ceiling' }],
    ['above the ceiling of a smaller plan', { maxBytes: 10 * GiB }, { why: 'Ceiling' }],
    ['while it grows', { requestedBytes: 24 * GiB, grownMs: now - 5 }, { why: 'Growing', sinceMs: now - 5 }],
    ['soon after', { grownMs: now - HOUR }, { why: 'TooSoon', untilMs: now + 5 * HOUR }],
    ['a minute after, full or not', { grownMs: now - HOUR / 60, isFull: true }, { why: 'TooSoon' }],
  ])('not %s', (_, change, answer) => {
    expect(nextSize(inputOf(change))).toMatchObject({ grow: false, ...answer });
  });

  it('always grows, and never beyond the ceiling', () => {
    const size = fc.integer({ min: 1, max: 2_000 }).map((mib) => mib * 7 * 2 ** 20);
    const property = fc.property(
      size,
      size,
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      (has, maxBytes, rate) => {
        const growth = nextSize(inputOf({ requestedBytes: has, actualBytes: has, maxBytes, rate }));
        if (!growth.grow) return has >= maxBytes;
        return growth.toBytes > has && growth.toBytes <= maxBytes;
      },
    );
    fc.assert(property);
  });

  it('reaches the ceiling in a few steps', () => {
    let size = 20 * GiB;
    let steps = 0;
    for (; steps < 10 && size < 40 * GiB; steps += 1) {
      const growth = nextSize(inputOf({ requestedBytes: size, actualBytes: size }));
      if (growth.grow) size = growth.toBytes;
    }
    expect({ size: size / GiB, steps }).toEqual({ size: 40, steps: 4 });
  });
});
