import { expect, test } from 'vitest';
import { sleep, systemClock } from './clock.ts';
import { VirtualClock } from './testing/virtual-clock.ts';

test('a sleep that is aborted rejects with the reason and leaves no timer behind', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const slept = sleep(clock, 1000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(slept).rejects.toThrow('enough');
  expect(clock.pending).toBe(0);
  await expect(sleep(clock, 1000, stop.signal)).rejects.toThrow('enough');
  expect(clock.pending).toBe(0);
});

test('the virtual clock runs timers in the order they fall due, also those set on the way', async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  clock.after(20, () => order.push(`second at ${clock.monotonic()}`));
  clock.after(10, () => {
    order.push(`first at ${clock.monotonic()}`);
    clock.after(5, () => order.push(`between at ${clock.monotonic()}`));
  });
  clock.after(40, () => order.push('too late'));
  await clock.advance(30);
  expect(order).toEqual(['first at 10', 'between at 15', 'second at 20']);
});

test('a wait longer than 24.8 days does not fire at once', async () => {
  let fired = false;
  const timer = systemClock.after(2 ** 31 + 1000, () => (fired = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.cancel();
  expect(fired).toBe(false);
});
