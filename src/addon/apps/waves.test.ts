import { describe, expect, it } from 'vitest';
import { nextWave, type WaveApp } from './waves.ts';

const NOW = Date.parse('2030-01-01T12:00:00Z');
const LIMITS = { atOnce: 2, deadlineMs: 300_000 };

const due: WaveApp = { due: true, rollout: 'RolledOut', restartedMs: undefined };
const done: WaveApp = { due: false, rollout: 'RolledOut', restartedMs: undefined };
/** Its owner's rollout: this addon did not restart it. */
const busy: WaveApp = { due: false, rollout: 'RollingOut', restartedMs: undefined };
const dueAndBroken: WaveApp = { due: true, rollout: 'RollingOut', restartedMs: undefined };
const held: WaveApp = { due: true, rollout: 'Held', restartedMs: undefined };
const coming = (agoMs: number): WaveApp => ({ due: false, rollout: 'RollingOut', restartedMs: NOW - agoMs });
const again = (agoMs: number): WaveApp => ({ ...coming(agoMs), due: true });
const second: WaveApp = { ...due, again: true };
const heldSecond: WaveApp = { ...held, again: true };
const heldBack = (agoMs: number): WaveApp => ({ ...coming(agoMs), rollout: 'Held' });

const table: { name: string; apps: WaveApp[]; next: number[]; late?: number[]; lateInMs?: number }[] = [
  { name: 'no app is restarted when none is due', apps: [done, busy], next: [] },
  { name: 'as many as are allowed begin', apps: [due, due, due], next: [0, 1] },
  { name: 'none begins while one is coming', apps: [coming(1_000), due, due], next: [], lateInMs: 299_000 },
  { name: 'a rollout of its owner holds up nobody', apps: [busy, due, due], next: [1, 2] },
  { name: 'the healthy begin before the broken', apps: [dueAndBroken, due, due, due], next: [1, 2] },
  { name: 'the broken have their turn too', apps: [done, dueAndBroken], next: [1] },
  {
    name: 'one that is late keeps the rest from beginning',
    apps: [coming(300_000), due],
    next: [],
    late: [0],
  },
  {
    name: 'all that are late are named, and the next to be late is known',
    apps: [coming(400_000), coming(1_000), coming(300_000), due],
    next: [],
    late: [0, 2],
    lateInMs: 299_000,
  },
  {
    name: 'one that is down already gets a new revision at once, and is not late before its time',
    apps: [again(900_000), due],
    next: [0],
  },
  { name: 'one that somebody holds back needs no turn', apps: [held, due, due, due], next: [0, 1, 2] },
  { name: 'one that somebody holds back holds up nobody', apps: [heldBack(900_000), due], next: [1] },
  { name: 'nobody is restarted once more before all were once', apps: [second, due, heldSecond], next: [1] },
  {
    name: 'nobody is restarted once more while another is coming',
    apps: [second, heldSecond, coming(1_000)],
    next: [],
    lateInMs: 299_000,
  },
  { name: 'then as many as are allowed are', apps: [second, second, second, heldSecond], next: [0, 1, 3] },
  {
    name: 'a clock that was set back delays the deadline by no more than a deadline',
    apps: [coming(-3_600_000), due],
    next: [],
    lateInMs: 300_000,
  },
];

describe('nextWave', () => {
  it.each(table)('$name', ({ apps, next, late = [], lateInMs }) => {
    const wave = nextWave(apps, LIMITS, NOW);
    expect(wave.next).toEqual(new Set(next));
    expect(wave.late).toEqual(late);
    expect(wave.lateAtMs).toBe(lateInMs === undefined ? undefined : NOW + lateInMs);
  });
});
