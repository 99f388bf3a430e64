import { expect, test, vi } from 'vitest';
import { sleep } from '../../src/kube/clock.ts';
import { SteppedClock } from './stepped-clock.ts';

const HOUR_MS = 3_600_000;

test('both times are ahead of the machine by what was skipped', () => {
  const clock = new SteppedClock();
  const [now, monotonic] = [clock.now(), clock.monotonic()];
  clock.skip(HOUR_MS);
  expect(clock.now()).toBeGreaterThanOrEqual(now + HOUR_MS);
  expect(clock.monotonic()).toBeGreaterThanOrEqual(monotonic + HOUR_MS);
});

test('a skip runs what falls due by it before it returns, the earliest first, and nothing else', () => {
  const clock = new SteppedClock();
  const ran: string[] = [];
  const late = clock.after(3 * HOUR_MS, () => ran.push('late'));
  clock.after(2 * HOUR_MS, () => ran.push('second'));
  clock.after(HOUR_MS, () => ran.push('first'));
  clock.skip(2 * HOUR_MS);
  expect(ran).toEqual(['first', 'second']);
  clock.skip(HOUR_MS);
  expect(ran).toEqual(['first', 'second', 'late']);
  late.cancel();
});

test('what runs may cancel what is due with it, and what it sets counts from the end of the skip', () => {
  const clock = new SteppedClock();
  const ran: string[] = [];
  clock.after(HOUR_MS, () => {
    cancelled.cancel();
    clock.after(HOUR_MS, () => ran.push('set on the way'));
  });
  const cancelled = clock.after(2 * HOUR_MS, () => ran.push('cancelled'));
  clock.skip(3 * HOUR_MS);
  expect(ran).toEqual([]);
  clock.skip(HOUR_MS);
  expect(ran).toEqual(['set on the way']);
});

test('without a skip a timer runs in real time, once; skips bring it nearer', async () => {
  const clock = new SteppedClock();
  const ran: string[] = [];
  clock.after(HOUR_MS + 5, () => ran.push('nearer'));
  await sleep(clock, 1);
  expect(ran).toEqual([]);
  clock.skip(HOUR_MS);
  await vi.waitFor(() => expect(ran).toEqual(['nearer']));
  clock.skip(HOUR_MS);
  expect(ran).toEqual(['nearer']);
});
