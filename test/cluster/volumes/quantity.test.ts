import { expect, test } from 'vitest';
import { bytesOf } from './quantity.ts';

test.each([
  ['16Mi', 16 * 1024 * 1024],
  ['1.5Gi', 1.5 * 1024 ** 3],
  ['20G', 20_000_000_000],
  ['1048576', 1_048_576],
  ['0.5', 1],
])('%s is %d bytes', (quantity, bytes) => {
  expect(bytesOf(quantity)).toBe(bytes);
});

test.each(['', 'Mi', '-1Gi', '1Xi', '1 Gi'])('%j is refused', (quantity) => {
  expect(() => bytesOf(quantity)).toThrow('not a quantity of storage');
});
