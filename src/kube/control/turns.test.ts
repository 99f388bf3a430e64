import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

function all(turns: Turns): string[] {
  return Array.from({ length: turns.size }, () => turns.take() ?? '');
}

it('each namespace has its turn, and what is in it goes in its order', () => {
  const turns = new Turns();
  for (const key of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'b/2', 'plan', 'a/1']) turns.add(key);
  expect(turns.size).toBe(7);
  expect(all(turns)).toEqual(['a/1', 'b/1', 'c/1', 'plan', 'a/2', 'b/2', 'a/3']);
  expect([turns.size, turns.take()]).toEqual([0, undefined]);
});

it('a key is in once, and may come again when it was taken', () => {
  const turns = new Turns();
  expect([turns.add('a/1'), turns.add('a/1'), turns.take(), turns.add('a/1'), turns.size]).toEqual([
    true,
    false,
    'a/1',
    true,
    1,
  ]);
});

it('a key may leave, and its namespace keeps its turn for what is left', () => {
  const turns = new Turns();
  for (const key of ['a/1', 'a/2', 'b/1']) turns.add(key);
  expect([turns.has('a/1'), turns.delete('a/1'), turns.delete('a/1'), turns.has('a/1')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([turns.delete('b/1'), turns.has('c/1'), turns.size]).toEqual([true, false, 1]);
  expect(all(turns)).toEqual(['a/2']);
});

it('whatever comes meanwhile, a key waits for no more of another namespace than are before it in its own, and one', () => {
  const key = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(30)).map(([space, n]) => `${space}/${n}`);
  fc.assert(
    fc.property(fc.array(fc.option(key, { freq: 3 }), { maxLength: 200 }), (events) => {
      const turns = new Turns();
      const waiting = new Map<string, { ahead: number; seen: Map<string, number> }>();
      const take = () => {
        const taken = turns.take();
        if (taken === undefined) return;
        waiting.delete(taken);
        const space = taken.slice(0, 1);
        for (const [other, { ahead, seen }] of waiting) {
          if (other.startsWith(space)) continue;
          seen.set(space, (seen.get(space) ?? 0) + 1);
          expect(seen.get(space)).toBeLessThanOrEqual(ahead + 1);
        }
      };
      for (const event of events) {
        if (event === null) take();
        else {
          const ahead = [...waiting.keys()].filter((each) => each.startsWith(event.slice(0, 1))).length;
          expect(turns.add(event)).toBe(!waiting.has(event));
          if (!waiting.has(event)) waiting.set(event, { ahead, seen: new Map() });
        }
        expect(turns.size).toBe(waiting.size);
      }
      while (turns.size > 0) take();
      expect(waiting.size).toBe(0);
    }),
  );
});
