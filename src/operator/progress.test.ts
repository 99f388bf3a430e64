import { expect, it } from 'vitest';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { Progress } from './progress.ts';

const MINUTE = 60_000;

interface Case {
  readonly waiting: number;
  readonly leads?: boolean;
  /** A run ends each so many minutes. */
  readonly runEach?: number;
  readonly alive: boolean;
}

it.each<[string, Case]>([
  ['in which keys are due and no run ends is restarted', { waiting: 3, alive: false }],
  ['in which runs end, however slowly, lives', { waiting: 3, runEach: 4, alive: true }],
  ['that has nothing to do lives', { waiting: 0, alive: true }],
  ['that stands by lives, whatever is due', { waiting: 3, leads: false, alive: true }],
])('a process %s', async (_, { waiting, leads = true, runEach, alive }) => {
  const clock = new VirtualClock();
  const progress = new Progress(clock, () => waiting);
  const look = async (): Promise<boolean> => {
    for (let minute = 1; minute <= 10; minute += 1) {
      await clock.advance(MINUTE);
      if (runEach !== undefined && minute % runEach === 0) progress.ran();
      if (!progress.isMade) return false;
    }
    return true;
  };
  expect(leads ? await progress.while(look) : await look()).toBe(alive);
});

it('a process whose first key was due a moment ago has its minutes, though it was idle for hours', async () => {
  const clock = new VirtualClock();
  let waiting = 0;
  const progress = new Progress(clock, () => waiting);
  await progress.while(async () => {
    await clock.advance(600 * MINUTE);
    expect(progress.isMade).toBe(true);
    waiting = 1;
    await clock.advance(4 * MINUTE);
    expect(progress.isMade).toBe(true);
  });
});
