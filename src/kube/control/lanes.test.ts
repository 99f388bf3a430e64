import { describe, expect, it } from 'vitest';
import { settle } from '../testing/virtual-clock.ts';
import { Lanes } from './lanes.ts';

const signal = new AbortController().signal;

describe('Lanes', () => {
  it.each([
    { slow: false, groups: 1, held: 4 },
    { slow: true, groups: 1, held: 2 },
    { slow: false, groups: 20, held: 8 },
    { slow: true, groups: 20, held: 4 },
  ])('gives $held of 8 places to $groups groups, slow: $slow', ({ slow, groups, held }) => {
    const lanes = new Lanes({ slots: 8, perGroup: 4 });
    const places = Array.from({ length: 40 }, (_, i) => lanes.tryEnter(`g${i % groups}`, slow));
    expect(places.filter((each) => each !== undefined)).toHaveLength(held);
    // Whoever is prompt and of another group finds a place, but where all are taken by prompt ones.
    expect(lanes.tryEnter('other', false) !== undefined).toBe(held < 8);
  });

  it('lets in by age who waits, as soon as there is a place for it', async () => {
    const lanes = new Lanes({ slots: 4, perGroup: 2 });
    const [first] = [lanes.tryEnter('a', false), lanes.tryEnter('a', false)];
    const order: string[] = [];
    for (const name of ['one', 'two']) void lanes.enter('a', false, signal).then(() => order.push(name));
    await settle();
    expect(order).toEqual([]);
    first?.();
    first?.();
    await settle();
    expect(order).toEqual(['one']);
  });

  it('forgets who gave up', async () => {
    const lanes = new Lanes({ slots: 2, perGroup: 2 });
    const [first] = [lanes.tryEnter('a', false), lanes.tryEnter('a', false)];
    const late = new AbortController();
    const waits = lanes.enter('a', false, late.signal);
    late.abort(new Error('given up'));
    await expect(waits).rejects.toThrow('given up');
    first?.();
    expect(lanes.tryEnter('a', false)).toBeDefined();
  });

  it('has a place for more than one of each group', () => {
    expect(() => new Lanes({ slots: 8, perGroup: 1 })).toThrow(RangeError);
  });
});
