import { describe, expect, it } from 'vitest';
import { remember } from './history.ts';

describe('remember', () => {
  const entry = (day: number) => ({ at: `2026-03-0${day}T21:00:00Z`, what: `version 1.8.${day}` });

  it('puts the newest first and forgets the oldest', () => {
    let past = [entry(1)];
    for (const day of [2, 3, 4]) past = remember(past, entry(day), 3);
    expect(past).toEqual([entry(4), entry(3), entry(2)]);
  });

  it('lists an entry once, however often the step that writes it is repeated', () => {
    const past = remember([entry(1)], entry(2));
    expect(remember(past, entry(2))).toEqual(past);
    expect(remember(past, entry(1))).toEqual(past);
  });
});
