import fc from 'fast-check';
import { expect, test } from 'vitest';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import { WorkQueue } from './work-queue.ts';

test('a key is handed out once however often it was added, and in the order of the first time', async () => {
  const queue = new WorkQueue();
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  expect(queue.length).toBe(3);
  expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
});

test('a key added while it is worked on runs again after it is done, and once', async () => {
  const queue = new WorkQueue();
  queue.add('a');
  await queue.get();
  queue.add('a');
  queue.add('a');
  expect([queue.length, queue.working]).toEqual([0, 1]);
  queue.done('a');
  expect([queue.length, queue.working]).toEqual([1, 0]);
  expect(await queue.get()).toBe('a');
  queue.done('a');
  expect(queue.length).toBe(0);
});

test('whoever is about to look has seen what the key was added for, and nothing that comes later', async () => {
  const queue = new WorkQueue();
  queue.add('a');
  await queue.get();
  queue.add('a');
  queue.seen('a');
  queue.done('a');
  expect(queue.length).toBe(0);
  queue.add('a');
  await queue.get();
  queue.seen('a');
  queue.add('a');
  queue.done('a');
  expect(queue.length).toBe(1);
  queue.seen('a');
  expect(await queue.get()).toBe('a');
});

test('a key for which somebody waits is before the others, but for every fourth', async () => {
  const queue = new WorkQueue();
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) queue.add(key);
  for (const key of ['d', 'e', 'f', 'g', 'h', 'd']) queue.add(key, { soon: true });
  expect(queue.length).toBe(8);
  const order: (string | undefined)[] = [];
  while (queue.length > 0) order.push(await queue.get());
  expect(order.join('')).toBe('defaghbc');
});

test('a key is waited for also when that is told while it is worked on', async () => {
  const queue = new WorkQueue();
  queue.add('a');
  await queue.get();
  queue.add('a', { soon: true });
  queue.add('a');
  for (const key of ['b', 'c']) queue.add(key);
  queue.done('a');
  expect(await queue.get()).toBe('a');
});

test('once it is calm nobody is waited for, but who is asked for again', async () => {
  const queue = new WorkQueue();
  for (const key of ['a', 'b', 'c']) queue.add(key, { soon: true });
  queue.add('d');
  queue.calm();
  queue.add('b', { soon: true });
  queue.add('c');
  expect(queue.length).toBe(4);
  const order: (string | undefined)[] = [];
  while (queue.length > 0) order.push(await queue.get());
  expect(order.join('')).toBe('bdac');
});

test('a delay is over with the next run of its key, which has one of its own', async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  queue.addAfter('a', 10);
  queue.add('a');
  queue.done((await queue.get()) ?? '');
  expect(clock.pending).toBe(0);
  queue.addAfter('a', 30);
  await clock.advance(29);
  expect(queue.length).toBe(0);
  await clock.advance(1);
  expect(queue.length).toBe(1);
});

test('of several delays the earliest counts, whichever came first', async () => {
  for (const delays of [
    [100, 50, 200],
    [50, 100, 200],
    [200, 100, 50],
  ]) {
    const clock = new VirtualClock();
    const queue = new WorkQueue({ clock });
    for (const delay of delays) queue.addAfter('a', delay);
    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    expect(clock.pending).toBe(0);
  }
});

test('waits grow with each failure up to the longest, and start anew once forgotten', async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock, backoff: { baseMs: 10, maxMs: 45 }, random: () => 0 });
  const waited = async (): Promise<number> => {
    const start = clock.monotonic();
    queue.addRateLimited('a');
    while (queue.length === 0) await clock.advance(1);
    queue.done((await queue.get()) as string);
    return clock.monotonic() - start;
  };
  expect([await waited(), await waited(), await waited(), await waited(), await waited()]).toEqual([
    10, 20, 40, 45, 45,
  ]);
  expect(queue.retries('a')).toBe(5);
  queue.forget('a');
  expect(await waited()).toBe(10);
});

test('two thousand failures in a row still give a finite wait', async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock, backoff: { baseMs: 5, maxMs: 1000 } });
  for (let failure = 0; failure < 2000; failure++) queue.addRateLimited('a');
  await clock.advance(1000);
  expect(queue.length).toBe(1);
});

test('a caller that is aborted leaves the key to the next', async () => {
  const queue = new WorkQueue();
  const stop = new AbortController();
  const first = queue.get(stop.signal);
  const second = queue.get();
  queue.add('a');
  stop.abort();
  const got = [await first, await second];
  expect(got.filter((key) => key === 'a')).toHaveLength(1);
});

test('a shut-down queue hands out what is due, then ends its callers', async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  queue.add('a');
  queue.addAfter('later', 10);
  queue.shutDown();
  queue.add('b');
  expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', undefined, undefined]);
  expect(clock.pending).toBe(0);
});

test('shutting down ends a caller that waits', async () => {
  const queue = new WorkQueue();
  const waiting = queue.get();
  queue.shutDown();
  expect(await waiting).toBeUndefined();
});

test('done without get is a mistake that is told', () => {
  expect(() => new WorkQueue().done('a')).toThrow('done("a") without get');
});

test.each([
  [0, 10],
  [-1, 10],
  [10, 5],
  [Number.NaN, 5],
])('a backoff of %d to %d ms is refused', (baseMs, maxMs) => {
  expect(() => new WorkQueue({ backoff: { baseMs, maxMs } })).toThrow(RangeError);
});

test('in any interleaving: no key has two workers, and each is worked on after it was last added', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), key, soon: fc.boolean() }),
    fc.record({ do: fc.constant('addAfter' as const), key, ms: fc.nat(30) }),
    fc.record({ do: fc.constant('fail' as const), key }),
    fc.record({ do: fc.constant('get' as const) }),
    fc.record({ do: fc.constant('done' as const), key }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const clock = new VirtualClock();
      const queue = new WorkQueue({ clock, backoff: { baseMs: 5, maxMs: 50 } });
      const working = new Set<string>();
      const startedAt = new Map<string, number>();
      const owedFrom = new Map<string, number>();
      let tick = 0;
      const take = async (): Promise<void> => {
        if (queue.length === 0) return;
        const got = (await queue.get()) as string;
        expect(working).not.toContain(got);
        working.add(got);
        startedAt.set(got, ++tick);
      };
      for (const now of steps) {
        if (now.do === 'add') queue.add(now.key, { soon: now.soon });
        else if (now.do === 'addAfter') queue.addAfter(now.key, now.ms);
        else if (now.do === 'fail') queue.addRateLimited(now.key);
        else if (now.do === 'get') await take();
        else if (now.do === 'pass') await clock.advance(now.ms);
        else if (working.delete(now.key)) queue.done(now.key);
        if ('key' in now && now.do !== 'done') owedFrom.set(now.key, ++tick);
      }
      await clock.advance(1000);
      for (const busy of working) queue.done(busy);
      working.clear();
      while (queue.length > 0) await take();
      for (const [owed, from] of owedFrom) expect(startedAt.get(owed)).toBeGreaterThan(from);
      await settle();
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 150 },
  );
});
