import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diskUsed, hasRoomForData, storageLevel, type StorageLevel, usableBytes } from './storage.ts';

const GiB = 2 ** 30;
const DAY = 86_400;
const VOLUME = 20 * GiB;
const level = fc.constantFrom<StorageLevel>('Within', 'Filling', 'Full');

/** `share` of what can be used. */
function levelOf(before: StorageLevel, share: number, days?: number, rateKnown = true): StorageLevel {
  const usedBytes = share * usableBytes(VOLUME);
  const secondsUntilFull = days === undefined ? undefined : days * DAY;
  return storageLevel(before, { usedBytes, volumeBytes: VOLUME, secondsUntilFull, rateKnown });
}

describe('storageLevel', () => {
  it.each<[StorageLevel, number, number | undefined, StorageLevel]>([
    ['Within', 0.79, undefined, 'Within'],
    ['Within', 0.8, undefined, 'Filling'],
    ['Within', 0.97, undefined, 'Full'],
    ['Filling', 0.7, undefined, 'Filling'],
    ['Filling', 0.69, undefined, 'Within'],
    ['Full', 0.94, undefined, 'Full'],
    ['Full', 0.9, undefined, 'Filling'],
    ['Within', 0.6, 2.9, 'Filling'],
    ['Within', 0.6, 3.1, 'Within'],
    ['Filling', 0.6, 6.9, 'Filling'],
    ['Filling', 0.6, 7.1, 'Within'],
    ['Within', 0.49, 0.1, 'Within'],
  ])('after %s, a share of %d that lasts for %s days is %s', (before, share, days, after) => {
    expect(levelOf(before, share, days)).toBe(after);
  });

  it('is kept while a new operator has not looked long enough', () => {
    expect(levelOf('Filling', 0.6, undefined, false)).toBe('Filling');
    expect(levelOf('Within', 0.6, undefined, false)).toBe('Within');
  });

  it('never flaps: a share that trembles by 3 % changes it twice at most', () => {
    const property = fc.property(
      level,
      fc.double({ min: 0, max: 1.1, noNaN: true }),
      fc.array(fc.double({ min: 0, max: 0.03, noNaN: true }), { minLength: 2, maxLength: 40 }),
      (start, share, noise) => {
        let now = start;
        let changes = 0;
        for (const extra of noise) {
          const next = levelOf(now, share + extra);
          changes += next === now ? 0 : 1;
          now = next;
        }
        return changes <= 2;
      },
    );
    fc.assert(property, { numRuns: 2_000 });
  });
});

it('a volume that has room would not be called filling', () => {
  const property = fc.property(level, fc.nat(100), fc.integer({ min: 1, max: 100 }), (before, used, size) => {
    if (!hasRoomForData(size * GiB, used * GiB)) return true;
    const figures = {
      usedBytes: used * GiB,
      volumeBytes: size * GiB,
      secondsUntilFull: undefined,
      rateKnown: true,
    };
    return storageLevel(before, figures) === 'Within';
  });
  fc.assert(property);
});

it('counts the index beside the points', () => {
  expect(diskUsed({ dataBytes: 1000, shards: 2, series: 10 })).toBe(1000 + 2 * 131_072 + 640);
});
