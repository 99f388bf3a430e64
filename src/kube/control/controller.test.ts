import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiError } from '../api/api-error.ts';
import { sleep } from '../clock.ts';
import type { ControllerOptions } from './controller.ts';
import { Controller } from './controller.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { WorkQueue } from './work-queue.ts';

let clock: VirtualClock;
let queue: WorkQueue;
let stop: AbortController;

beforeEach(() => {
  clock = new VirtualClock();
  queue = new WorkQueue({ clock, backoff: { baseMs: 100, maxMs: 1000 }, random: () => 0 });
  stop = new AbortController();
});

afterEach(() => stop.abort());

test('what fails is tried again with a growing wait, and told', async () => {
  const at: number[] = [];
  const told: number[] = [];
  const end = start({
    reconcile: async () => {
      at.push(clock.monotonic());
      if (at.length < 4) throw new Error('not yet');
    },
    onError: (_, __, retries) => told.push(retries),
  });
  queue.add('a');
  await clock.advance(5000);
  expect(at).toEqual([0, 100, 300, 700]);
  expect(told).toEqual([0, 1, 2]);
  expect(queue.retries('a')).toBe(0);
  await end();
});

test('a run that lets its worker go keeps its key, and is waited for at the end', async () => {
  const runs: string[] = [];
  let over = false;
  const end = start({
    workers: 1,
    reconcile: async (key, signal, { letGo }) => {
      runs.push(key);
      if (key !== 'hangs') return;
      letGo();
      await sleep(clock, 5_000, signal);
      over = true;
    },
  });
  for (const key of ['hangs', 'a', 'b']) queue.add(key);
  await clock.advance(10);
  expect(runs).toEqual(['hangs', 'a', 'b']);
  queue.add('hangs');
  await clock.advance(1_000);
  expect(runs).toEqual(['hangs', 'a', 'b']);
  expect(queue.working).toBe(1);
  const ended = end();
  await clock.advance(5_000);
  await ended;
  expect(over).toBe(true);
});

test('what was added before a look needs no run of its own, and who lost its worker goes on before others', async () => {
  const runs: string[] = [];
  const end = start({
    workers: 1,
    reconcile: async (key, _, { seen }) => {
      runs.push(key);
      if (runs.length > 1) return;
      for (const other of ['b', 'c']) queue.add(other);
      queue.add(key);
      seen();
      await sleep(clock, 10);
      return { soon: true };
    },
  });
  queue.add('a');
  await clock.advance(100);
  expect(runs).toEqual(['a', 'a', 'b', 'c']);
  await end();
});

test('the wait that the API server asks for is kept', async () => {
  const at: number[] = [];
  const end = start({
    reconcile: async () => {
      at.push(clock.monotonic());
      if (at.length === 1)
        throw new ApiError({ code: 429, reason: 'TooManyRequests', message: '', retryAfterMs: 3000 });
    },
  });
  queue.add('a');
  await clock.advance(5000);
  expect(at).toEqual([0, 3000]);
  await end();
});

test('a result may ask to be looked at again', async () => {
  const at: number[] = [];
  const end = start({
    reconcile: async () => {
      at.push(clock.monotonic());
      return at.length < 3 ? { requeueAfterMs: 1000 } : undefined;
    },
  });
  queue.add('a');
  await clock.advance(10_000);
  expect(at).toEqual([0, 1000, 2000]);
  await end();
});

test('a failing key does not keep the others waiting', async () => {
  const done: string[] = [];
  const end = start({
    workers: 1,
    reconcile: async (key) => {
      if (key === 'poison') throw new Error('cannot be read');
      done.push(key);
    },
  });
  for (const key of ['poison', 'a', 'b']) queue.add(key);
  await clock.advance(0);
  expect(done).toEqual(['a', 'b']);
  await end();
});

test('a run that takes too long has its signal aborted and is tried again', async () => {
  const outcomes: string[] = [];
  const end = start({
    timeoutMs: 1000,
    reconcile: (_, signal) => sleep(clock, 60_000, signal),
    onRun: ({ outcome, ms }) => outcomes.push(`${outcome} after ${ms}`),
  });
  queue.add('a');
  await clock.advance(2500);
  expect(outcomes).toEqual(['timeout after 1000', 'timeout after 1000']);
  const stopped = end();
  await clock.advance(1000);
  await stopped;
});

test('a run that ignores its signal costs its key, not its worker, and has no second one beside it', async () => {
  let [stuck, others] = [0, 0];
  const end = start({
    workers: 1,
    timeoutMs: 1000,
    reconcile: async (key) => {
      if (key !== 'stuck') others++;
      else {
        stuck++;
        await new Promise(() => {});
      }
    },
  });
  queue.add('stuck');
  queue.add('other');
  await clock.advance(60_000);
  queue.add('stuck');
  await clock.advance(60_000);
  expect([stuck, others]).toEqual([1, 1]);
  await end();
});

test('a stop takes no more keys and lets running ones end', async () => {
  const ended: string[] = [];
  const end = start({
    workers: 1,
    reconcile: async (key, signal) => {
      await sleep(clock, 5000, signal);
      ended.push(key);
    },
  });
  queue.add('a');
  queue.add('b');
  await clock.advance(1000);
  const stopped = end();
  await clock.advance(4000);
  await stopped;
  expect(ended).toEqual(['a']);
  expect(queue.length).toBe(1);
});

test('a stop gives running ones until the deadline', async () => {
  const end = start({
    drainMs: 2000,
    timeoutMs: 60_000,
    reconcile: (_, signal) => sleep(clock, 50_000, signal),
  });
  queue.add('a');
  await clock.advance(0);
  let over = false;
  const stopped = end().then(() => (over = true));
  await clock.advance(1999);
  expect(over).toBe(false);
  await clock.advance(1);
  await stopped;
  expect(over).toBe(true);
});

test('with the right to write, running ones lose their signal at once', async () => {
  const abandon = new AbortController();
  let reason: unknown;
  const run = new Controller({
    name: 'test',
    queue,
    workers: 2,
    clock,
    reconcile: async (_, signal) => {
      await sleep(clock, 50_000, signal).catch((error: unknown) => (reason = error));
    },
  }).run(stop.signal, abandon.signal);
  queue.add('a');
  await clock.advance(10);
  abandon.abort(new Error('lease lost'));
  await run;
  expect(reason).toEqual(new Error('lease lost'));
});

test('an observer that throws stops nothing', async () => {
  let runs = 0;
  const end = start({
    reconcile: async () => {
      runs++;
      if (runs === 1) throw new Error('once');
    },
    onRun: () => {
      throw new Error('broken metrics');
    },
    onError: () => {
      throw new Error('broken observer');
    },
  });
  queue.add('a');
  await clock.advance(1000);
  expect(runs).toBe(2);
  await end();
});

test('in any interleaving: one run a key at a time, at most as many as workers, and none is left out', async () => {
  const adds = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), wait: fc.nat(30) }), {
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(adds, fc.integer({ min: 1, max: 3 }), fc.integer(), async (list, workers, seed) => {
      const time = new VirtualClock();
      const keys = new WorkQueue({ clock: time, backoff: { baseMs: 5, maxMs: 20 } });
      const end = new AbortController();
      const running = new Set<string>();
      const lastStart = new Map<string, number>();
      const lastAdd = new Map<string, number>();
      let tick = Math.abs(seed % 1000);
      const run = new Controller({
        name: 'test',
        queue: keys,
        workers,
        clock: time,
        reconcile: async (key, signal) => {
          expect(running).not.toContain(key);
          running.add(key);
          expect(running.size).toBeLessThanOrEqual(workers);
          lastStart.set(key, ++tick);
          await sleep(time, (tick * 7) % 23, signal);
          running.delete(key);
          if (tick % 5 === 0) throw new Error('by chance');
        },
        // A failed assertion above would only be tried again.
        onError: (_, error) => {
          if (!(error as Error).message.startsWith('by chance')) lastStart.clear();
        },
      }).run(end.signal);
      for (const { key, wait } of list) {
        keys.add(key);
        lastAdd.set(key, ++tick);
        await time.advance(wait);
      }
      await time.advance(2000);
      end.abort();
      await run;
      for (const [key, added] of lastAdd) expect(lastStart.get(key)).toBeGreaterThan(added);
    }),
    { numRuns: 60 },
  );
});

/** Runs a controller; the returned function stops it and waits for its end. */
function start(
  options: Partial<ControllerOptions> & Pick<ControllerOptions, 'reconcile'>,
): () => Promise<void> {
  const run = new Controller({ name: 'test', queue, workers: 2, clock, ...options }).run(stop.signal);
  return async () => {
    stop.abort();
    await run;
  };
}
