import { describe, expect, it } from 'vitest';
import type { InfluxAddon, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { VirtualClock } from '../../kube/testing/virtual-clock.ts';
import type { Live } from '../../kube/objects/types.ts';
import { DEFAULT_MAINTENANCE, limitsOf } from '../../maintenance/settings.ts';
import { addonOf } from '../testing/fixtures.ts';
import { Turns } from './turns.ts';

const SETTINGS = { ...DEFAULT_MAINTENANCE, maxAtOnce: 2, maxFailures: 2 };
const ALWAYS = { weekday: 'Tuesday', startHour: 0, durationHours: 168 } as const;

/** A fleet of which each change is told, and those that are woken by it. */
class Bench {
  readonly clock = new VirtualClock();
  readonly addons = new Map<string, Live<InfluxAddon>>();
  woken: string[] = [];
  readonly turns = new Turns({
    settings: SETTINGS,
    clock: this.clock,
    addons: () => this.addons.values(),
    wake: (key) => void this.woken.push(key.replace('shop/', '')),
  });

  /** Returns who is woken. */
  set(
    name: string,
    status: InfluxAddonStatus | undefined,
    annotations: Record<string, string> = {},
  ): string[] {
    const before = this.addons.get(name);
    const metadata = { name, uid: `uid-${name}`, annotations };
    const after =
      status &&
      addonOf({ maintenanceWindow: ALWAYS }, { metadata, status: { observedGeneration: 1, ...status } });
    if (after === undefined) this.addons.delete(name);
    else this.addons.set(name, after);
    this.woken = [];
    this.turns.follow(before, after);
    return this.woken;
  }

  waits(name: string, reason = 'FleetBusy', since = 1): string[] {
    return this.set(name, {
      maintenance: { pending: [{ what: 'version 1.8.11', since: `2026-03-0${since}T00:00:00Z` }] },
      conditions: [condition('Ready', 'Ready'), condition('MaintenancePending', reason)],
    });
  }

  begins(name: string): string[] {
    const startedAt = new Date(this.clock.now()).toISOString();
    return this.set(name, { maintenance: { startedAt }, conditions: [condition('Ready', 'Upgrading')] });
  }

  ends(name: string): string[] {
    return this.set(name, { maintenance: {}, conditions: [condition('Ready', 'Ready')] });
  }
}

function condition(type: string, reason: string) {
  return { type, status: 'True' as const, reason, message: '', lastTransitionTime: '2026-03-01T00:00:00Z' };
}

describe('a place that becomes free', () => {
  it('wakes as many as may begin, in their order, and nobody else', () => {
    const bench = new Bench();
    for (let index = 9; index > 0; index -= 1) bench.waits(`db-${index}`, 'FleetBusy', index);
    expect(bench.begins('db-1')).toEqual([]);
    expect(bench.begins('db-2')).toEqual([]);
    expect(bench.ends('db-1')).toEqual(['db-3']);
    // Both places are free by then: nobody has taken the first yet.
    expect(bench.ends('db-2')).toEqual(['db-3', 'db-4']);
    expect(bench.begins('db-3')).toEqual([]);
  });

  it.each<{ how: string; act: (bench: Bench) => string[] }>([
    { how: 'is deleted', act: (bench) => bench.set('db-1', undefined) },
    {
      how: 'is paused',
      act: (bench) =>
        bench.set('db-1', bench.addons.get('db-1')?.status, { 'influxaddon.dev/paused': 'true' }),
    },
  ])('wakes the next also when who was in maintenance $how', ({ act }) => {
    const bench = new Bench();
    for (const index of [1, 2, 3, 4]) bench.waits(`db-${index}`, 'FleetBusy', index);
    bench.begins('db-1');
    bench.begins('db-2');
    expect(act(bench)).toEqual(['db-3']);
  });

  it('wakes the next when the first of those who wait leaves', () => {
    const bench = new Bench();
    for (const index of [1, 2, 3, 4]) bench.waits(`db-${index}`, 'FleetBusy', index);
    expect(bench.set('db-1', undefined)).toEqual(['db-2', 'db-3']);
  });
});

describe('a fleet that had stopped', () => {
  it('is told to everybody when it goes on', () => {
    const bench = new Bench();
    bench.begins('db-1');
    bench.begins('db-2');
    bench.clock.jump(31 * 60_000);
    expect(bench.turns.fleet.count(limitsOf(SETTINGS), new Date(bench.clock.now())).failures).toBe(2);
    for (const index of [3, 4, 5, 6]) bench.waits(`db-${index}`, 'FleetStopped', index);
    bench.waits('db-7', 'OutsideWindow', 7);
    expect(new Set(bench.ends('db-1'))).toEqual(new Set(['db-3', 'db-4', 'db-5', 'db-6']));
  });
});
