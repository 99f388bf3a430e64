import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Pulse } from './pulse.ts';

const HOUR_MS = 3_600_000;

test('waits for a beat, for its time, or until it is ended, and leaves nothing behind on the signal', async () => {
  const pulse = new Pulse();
  const stop = new AbortController();
  const { signal } = stop;
  for (let round = 0; round < 100; round += 1) {
    const next = pulse.next({ gatherMs: 0, mostMs: HOUR_MS, signal });
    pulse.beat();
    await next;
  }
  await pulse.next({ gatherMs: 0, mostMs: 1, signal });
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const last = pulse.next({ gatherMs: HOUR_MS, mostMs: HOUR_MS, signal });
  stop.abort();
  await last;
  await pulse.next({ gatherMs: HOUR_MS, mostMs: HOUR_MS, signal });
});

test('a beat that comes while nobody waits is not lost', async () => {
  const pulse = new Pulse();
  pulse.beat();
  await pulse.next({ gatherMs: 0, mostMs: HOUR_MS, signal: new AbortController().signal });
});
