import { describe, expect, it } from 'vitest';
import type { Repairs } from '../../world/memory.ts';
import { lately, turnOf, written, type Mends } from './repairs.ts';

const MINUTE_MS = 60_000;

const mends: Mends = {
  of: 'wanted',
  again: true,
  generation: undefined,
  paths: ['data.a'],
  endsPod: false,
  isHarmless: false,
};

/** When somebody puts right, at the first moment at which it may be, what somebody else changes back a second later. */
function triesOf(what: Partial<Mends>, many: number, answered = 1): number[] {
  let known: Repairs | undefined;
  let nowMs = 0;
  return Array.from({ length: many }, () => {
    const lacks = { ...mends, generation: 2, ...what };
    const { times, dueMs } = turnOf(known, lacks, nowMs);
    nowMs = Math.max(nowMs, dueMs);
    const at = nowMs;
    known = written(known, { ...lacks, times }, answered, nowMs);
    nowMs += 1_000;
    return at / MINUTE_MS;
  });
}

describe('what is changed back again and again is put right', () => {
  it('a few times at once, then once a minute', () => {
    const [one, two, three, ...later] = triesOf({}, 6);
    expect([one, two, three]).toEqual([0, 1 / 60, 2 / 60]);
    expect(later).toEqual([2 / 60 + 1, 2 / 60 + 2, 2 / 60 + 3]);
  });

  it('where that ends a pod once at once, then after 5, 15, and every 60 minutes', () => {
    expect(triesOf({ endsPod: true }, 6)).toEqual([0, 5, 20, 80, 140, 200]);
  });

  it('the first time after 5 minutes, where the API server stored it otherwise to begin with', () => {
    const known = written(undefined, { ...mends, paths: ['missing'], times: 0 }, 1, 0);
    const lacks = { ...mends, endsPod: true, generation: 1 };
    expect(turnOf(known, lacks, 1_000)).toEqual({ times: 2, dueMs: 5 * MINUTE_MS });
    expect(turnOf(known, { ...lacks, generation: 2 }, 1_000), 'somebody edited it').toEqual({
      times: 1,
      dueMs: 1_000,
    });
  });

  it('at once where something else is wanted, and that counts as no repair', () => {
    const known = written(undefined, { ...mends, endsPod: true, times: 4 }, 1, 0);
    const other = { ...mends, of: 'other', endsPod: true, again: false, generation: 2 };
    expect(turnOf(known, other, 1_000)).toEqual({ times: 0, dueMs: 1_000 });
    const changed = written(known, { ...other, times: 0 }, 3, 1_000);
    expect(turnOf(changed, { ...other, generation: 4 }, 2_000)).toEqual({ times: 1, dueMs: 2_000 });
  });

  it('at once when something else of it is changed', () => {
    const known = written(undefined, { ...mends, times: 9 }, undefined, 0);
    expect(turnOf(known, mends, 1_000).dueMs).toBe(MINUTE_MS);
    expect(turnOf(known, { ...mends, paths: ['data.b'] }, 1_000).dueMs).toBe(1_000);
  });

  it.each([
    ['ten minutes', false, 10 * MINUTE_MS],
    ['two hours, where it ends a pod', true, 120 * MINUTE_MS],
  ])('from anew once it has lasted for %s', (_, endsPod, lasts) => {
    const known = written(undefined, { ...mends, endsPod, times: 9 }, 1, 0);
    const lacks = { ...mends, endsPod, generation: 2 };
    expect(turnOf(known, lacks, lasts)).toEqual({ times: 1, dueMs: lasts });
    expect(turnOf(known, lacks, lasts - 1).times).toBe(10);
  });

  it('no later than after its wait, though the clock is set back', () => {
    const known = written(undefined, { ...mends, times: 9 }, undefined, 60 * MINUTE_MS);
    expect(turnOf(known, mends, 0).dueMs).toBe(MINUTE_MS);
  });
});

it('is told for a minute after the last try, and not of what was put right a few times', () => {
  const told = (times: number, nowMs: number, endsPod = false) =>
    lately(written(undefined, { ...mends, endsPod, times }, 1, 0), nowMs);
  expect(told(4, 1_000)).toMatchObject({ paths: ['data.a'], untilMs: MINUTE_MS });
  expect(told(4, MINUTE_MS)).toBeUndefined();
  expect(told(3, 1_000)).toBeUndefined();
  expect(told(1, 1_000, true)).toBeUndefined();
  expect(told(2, 1_000, true)).toBeDefined();
});
