import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test.each([
  { failures: 0, random: 0, ms: 100 },
  { failures: 1, random: 0, ms: 200 },
  { failures: 3, random: 0, ms: 800 },
  { failures: 4, random: 0, ms: 1_000 },
  { failures: 5_000, random: 0, ms: 1_000 },
  { failures: 0, random: 0.5, ms: 125 },
  { failures: 3, random: 0.4, ms: 960 },
  // Jitter does not go beyond the longest wait either.
  { failures: 3, random: 0.9, ms: 1_000 },
])('after $failures failures, with $random drawn, the wait is $ms ms', ({ failures, random, ms }) => {
  expect(backoffMs({ baseMs: 100, maxMs: 1_000, jitter: 0.5 }, failures, () => random)).toBe(ms);
});

test('without jitter nothing is drawn into it', () => {
  expect(backoffMs({ baseMs: 100, maxMs: 1_000 }, 2, () => 0.9)).toBe(400);
});
