import { expect, test } from 'vitest';
import { identityOf, isAlive, isForeign } from './process-identity.ts';

const HOUR_MS = 3_600_000;
const self = identityOf(process.pid);
const elsewhere = { ...self, namespace: 'pid:[1]' };

test('a process is alive while exactly it runs', () => {
  expect(isAlive(self)).toBe(true);
  expect(isForeign(self)).toBe(false);
  expect(isAlive({ ...self, startTime: '1' })).toBe(false);
});

test('what was noted before this was known is taken for a process of this machine', () => {
  const { pid, startTime } = self;
  expect(isForeign({ pid, startTime })).toBe(false);
  expect(isAlive({ pid, startTime })).toBe(true);
});

test('a process of an earlier boot is gone, whatever has its pid', () => {
  expect(isAlive({ ...self, boot: 'another' })).toBe(false);
});

test('a process of another container counts as alive for a while, and its pid as nobody’s here', () => {
  expect(isForeign(elsewhere)).toBe(true);
  expect(isAlive({ ...elsewhere, startTime: '1' })).toBe(true);
  expect(isAlive({ ...elsewhere, notedAt: Date.now() - 3 * HOUR_MS })).toBe(false);
  expect(isAlive({ ...elsewhere, notedAt: Date.now() - HOUR_MS }, HOUR_MS / 2)).toBe(false);
});
