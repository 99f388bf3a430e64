import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareQuantities, formatBytes, isQuantity, milliOf, parseQuantity, unitsOf } from './quantity.ts';

test.each<[string | number, bigint]>([
  ['0', 0n],
  ['1', 10n ** 9n],
  [1.5, 1_500_000_000n],
  ['250m', 250_000_000n],
  ['1n', 1n],
  ['0.5n', 1n],
  ['-0.5n', -1n],
  ['1u', 1000n],
  ['.5', 500_000_000n],
  ['5.', 5_000_000_000n],
  ['1k', 10n ** 12n],
  ['1e3', 10n ** 12n],
  ['1E3', 10n ** 12n],
  ['1E', 10n ** 27n],
  ['1e-3', 1_000_000n],
  ['1Ki', 1024n * 10n ** 9n],
  ['1.5Gi', 1536n * 1024n * 1024n * 10n ** 9n],
  ['-2Mi', -2n * 1024n * 1024n * 10n ** 9n],
  ['8Ei', 8n * 2n ** 60n * 10n ** 9n],
])('%s is parsed exactly', (text, nano) => {
  expect(parseQuantity(text)).toBe(nano);
});

test.each(['', ' 1', '1 Gi', '1gi', '1K', 'Gi', '1e', '--1', '1GiB', '0x10', 'NaN'])(
  '%j is no quantity',
  (text) => {
    expect(isQuantity(text)).toBe(false);
    expect(() => parseQuantity(text)).toThrow(RangeError);
  },
);

test('different ways to write an amount are equal', () => {
  expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
  expect(compareQuantities('1', '1000m')).toBe(0);
  expect(compareQuantities('1G', '1Gi')).toBe(-1);
  expect(compareQuantities('2', '1999m')).toBe(1);
});

test('whole units are rounded up', () => {
  expect([unitsOf('1Gi'), unitsOf('1500m'), milliOf('250m'), milliOf('0.0001')]).toEqual([
    2 ** 30,
    2,
    250,
    1,
  ]);
});

test('bytes survive being written and read', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(20), (number, shift) => {
      const bytes = Math.floor(number / 2 ** shift) * 2 ** shift;
      expect(unitsOf(formatBytes(bytes))).toBe(bytes);
    }),
  );
  expect([formatBytes(0), formatBytes(1), formatBytes(2 ** 30), formatBytes(1536 * 2 ** 20)]).toEqual([
    '0',
    '1',
    '1Gi',
    '1536Mi',
  ]);
  expect(() => formatBytes(1.5)).toThrow(RangeError);
});
