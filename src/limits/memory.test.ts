import { expect, it } from 'vitest';
import { isMemoryExhausted, type KillsSeen, QUIET_MS } from './memory.ts';

const now = 10 * QUIET_MS;

it.each<[string, Partial<KillsSeen>, boolean]>([
  ['never killed', {}, false],
  ['killed a moment ago', { killedMs: now - 1 }, true],
  ['killed hours ago', { killedMs: now - QUIET_MS }, false],
  ['killed hours ago, and told since then', { killedMs: now - QUIET_MS, toldSinceMs: now - QUIET_MS }, false],
  ['killed again since it was told', { killedMs: now - 1, toldSinceMs: now - 2 * QUIET_MS }, true],
  ['in a new pod, told a moment ago', { toldSinceMs: now - 1 }, true],
  ['in a new pod of a larger plan, told a moment ago', { toldSinceMs: now - 1, morePlan: true }, false],
  ['killed on the larger plan too', { killedMs: now - 1, toldSinceMs: now - 1, morePlan: true }, true],
])('a database that was %s', (_, seen, exhausted) => {
  const given = { killedMs: undefined, toldSinceMs: undefined, morePlan: false, nowMs: now, ...seen };
  expect(isMemoryExhausted(given)).toBe(exhausted);
});
