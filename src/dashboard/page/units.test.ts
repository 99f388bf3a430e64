import { expect, test } from 'vitest';
import { bytes, cores, count, perSecond } from './units.ts';

test.each([
  [bytes(0), '0 B'],
  [bytes(1023), '1020 B'],
  [bytes(1536), '1.5 KiB'],
  [bytes(512 * 2 ** 20), '512 MiB'],
  [bytes(2 ** 30), '1 GiB'],
  [bytes(5e16), '45500 TiB'],
  [cores(0.0123), '12.3m'],
  [cores(1.5), '1.5'],
  [cores(0), '0'],
  [count(9_999), '10000'],
  [count(12_345), '12.3k'],
  [count(2e6), '2M'],
  [perSecond(0), '0/s'],
])('%s is %s', (text, expected) => {
  expect(text).toBe(expected);
});
