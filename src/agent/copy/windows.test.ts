import { describe, expect, it } from 'vitest';
import { totalOf, windowDifference, windowSeconds, within } from './windows.ts';

const counts = (...values: number[]) =>
  new Map(values.map((value, at) => [BigInt(at) * 86_400_000_000_000n, value]));

describe('the windows of a copy', () => {
  it('are as long as a shard, and a day at least', () => {
    expect([3_600, 86_400, 604_800].map(windowSeconds)).toEqual([86_400, 86_400, 604_800]);
  });

  it('hold every nanosecond once, and none that the engine does not know', () => {
    expect(within(0n, 1)).toBe('time >= 0 AND time <= 999999999');
    expect(within(1_000_000_000n, 1)).toBe('time >= 1000000000 AND time <= 1999999999');
    expect(within(-9_223_372_800_000_000_000n, 86_400)).toMatch(/^time >= -9223372036854775806 AND/);
    expect(within(9_223_286_400_000_000_000n, 604_800)).toMatch(/AND time <= 9223372036854775806$/);
  });

  it.each([
    ['all of it', counts(3, 4), counts(3, 4), counts(3, 4), undefined],
    ['what was written meanwhile, or not', counts(3), counts(3, 9), counts(3, 5), undefined],
    ['what expired meanwhile', counts(3, 4), counts(0, 4), counts(3, 4), undefined],
    ['one value too few', counts(3, 4), counts(3, 4), counts(3, 3), /^from 1970-01-02.* has 3 .*source 4$/],
    ['one too many', counts(3), counts(3), counts(4), /has 4 values, and the source 3$/],
    ['a window that is not there', counts(3, 4), counts(3, 5), counts(3), /has 0 values.*4 to 5$/],
    ['a window that nobody wrote', counts(3), counts(3), counts(3, 1), /has 1 values, and the source 0$/],
  ])('compare: %s', (_name, before, after, copied, why) => {
    const found = windowDifference(before, after, copied);
    if (why === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(why);
  });

  it('add up', () => {
    expect(totalOf(counts(1, 2, 3))).toBe(6);
  });
});
