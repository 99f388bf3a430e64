import { expect, test } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { WatchAges } from './watch-ages.ts';

test('the age is that of the most silent watch, however loud the others are, also before its first list', async () => {
  const clock = new VirtualClock();
  const ages = new WatchAges(clock);
  expect(ages.oldestMs).toBe(0);
  const told: string[] = [];
  const pods = ages.of('pods', { heard: (plural) => void told.push(plural) });
  const jobPods = ages.of('pods of Jobs');
  for (let second = 0; second < 60; second++) {
    await clock.advance(1_000);
    pods.heard('pods');
  }
  expect([ages.oldestMs, told.length]).toEqual([60_000, 60]);
  jobPods.ended('pods', 'Silent');
  expect(ages.oldestMs).toBe(60_000);
  jobPods.listed('pods', 0);
  expect(ages.oldestMs).toBe(0);
});
