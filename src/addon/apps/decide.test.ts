import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick } from '../../../test/size.ts';
import type { AppStatus, InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import { againFor, restartedForKey, revisionOfMark, keyOf } from '../world/names.ts';
import { appOf, cached, patched, reapplied, rolledOut } from '../testing/apps.ts';
import { addonOf, FACTS, inForce, NOW, SETTINGS, worldOf } from '../testing/fixtures.ts';
import { type Workload } from '../world/world.ts';
import { NO_MEMORY } from '../world/memory.ts';
import { decideApps, type AppsOutcome } from './decide.ts';
import { isRolledOut } from './view.ts';

/** Apps of one addon, an operator that decides about them, and a cluster that rolls them out when told. */
class Fleet {
  readonly apps = new Map<string, Live<Workload>>();
  readonly names: readonly string[];
  readonly env: 'Inject' | 'FromSecret';
  readonly atOnce: number;
  /** Names of those that this operator restarted and that have not come up since. */
  readonly down = new Set<string>();
  /** By name, how often it was restarted for each revision. */
  readonly restarts = new Map<string, string[]>();
  starts = 0;
  nowMs = NOW.getTime();
  most = 0;
  #status: readonly AppStatus[] = [];
  #memory = NO_MEMORY;

  constructor(count: number, options: { atOnce: number; env?: 'Inject' | 'FromSecret' }) {
    this.names = Array.from({ length: count }, (_, index) => `app-${String(index).padStart(2, '0')}`);
    this.env = options.env ?? 'Inject';
    this.atOnce = options.atOnce;
    for (const name of this.names) this.apps.set(name, appOf(undefined, { name }));
  }

  decide(): AppsOutcome {
    const apps: NonNullable<InfluxAddonSpec['apps']> = this.names.map((name) => ({ name, env: this.env }));
    const world = worldOf({
      addon: addonOf({ apps }, { status: { apps: [...this.#status] } }),
      apps: new Map([...this.apps].map(([name, app]) => [`Deployment/${name}`, cached(app)])),
      memory: this.#memory,
      settings: { ...SETTINGS, restarts: { atOnce: this.atOnce, deadlineMs: 300_000 } },
    });
    return decideApps(world, { facts: FACTS, target: inForce(), starts: this.starts }, new Date(this.nowMs));
  }

  /** Decides and acts until there is nothing to do; interrupted after so many patches. Returns the last decision. */
  operate(limit = Infinity): AppsOutcome {
    let left = limit;
    for (let pass = 0; pass < 100; pass += 1) {
      const outcome = this.decide();
      if (outcome.actions.length === 0) {
        const entries = outcome.decisions.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
        if (left <= 0 || JSON.stringify(entries) === JSON.stringify(this.#status)) return outcome;
        this.#status = entries;
        this.#memory = NO_MEMORY;
        continue;
      }
      for (const action of outcome.actions) {
        if (action.do !== 'patch' || left <= 0) return outcome;
        left -= 1;
        this.#patch(action.key.name, action.body);
        const patchedApps = new Map(this.#memory.patchedApps);
        if (action.entry !== undefined) patchedApps.set(keyOf(action.entry), action.entry);
        this.#memory = { ...this.#memory, appsPatchedMs: this.nowMs, patchedApps };
      }
    }
    throw new Error('apps are patched for ever');
  }

  /** The operator is gone with what it had not stored. */
  crash(): void {
    this.#memory = NO_MEMORY;
  }

  rollOut(name: string): void {
    const app = this.apps.get(name);
    if (app === undefined) return;
    this.apps.set(name, rolledOut(app));
    this.down.delete(name);
  }

  /** A release of the app by its owner, which has yet to come up. */
  release(name: string): void {
    const app = this.apps.get(name);
    if (app !== undefined) this.apps.set(name, reapplied(app, app));
  }

  /** The Secret that all of them read was made immutable and is made again: its content will be another one. */
  freeze(): void {
    this.#status = this.#status.map((entry) => ({ ...entry, frozen: entry.frozen ?? 'content-of-before' }));
  }

  finish(): void {
    for (let round = 0; round < 2 * this.names.length + 6; round += 1) {
      for (const name of this.names) this.rollOut(name);
      this.operate();
      this.nowMs += 60_000;
    }
  }

  #patch(name: string, body: object): void {
    const before = this.apps.get(name);
    if (before === undefined) throw new Error(`there is no app ${name}`);
    const after = patched(before, body);
    this.apps.set(name, after);
    const mark = after.spec?.template.metadata?.annotations?.[restartedForKey('my-app')] ?? '';
    this.restarts.set(name, [...(this.restarts.get(name) ?? []), mark]);
    const isFirst = (each: string) => this.restarts.get(each)?.at(-1) === revisionOfMark(mark);
    if (mark !== revisionOfMark(mark)) expect([...this.down].filter(isFirst)).toEqual([]);
    this.down.add(name);
    this.most = Math.max(this.most, this.down.size);
    expect(this.down.size, `of ${this.names.length} apps down at once`).toBeLessThanOrEqual(this.atOnce);
  }
}

const reasons = ({ decisions }: AppsOutcome) => decisions.map(({ reason }) => reason);

describe('many apps of one addon', () => {
  it('are bound in waves, each when the one before is up', () => {
    const fleet = new Fleet(7, { atOnce: 3 });
    expect(reasons(fleet.operate())).toEqual([
      ...Array.from({ length: 3 }, () => 'RollingOut'),
      ...Array.from({ length: 4 }, () => 'RestartWaiting'),
    ]);
    fleet.rollOut('app-00');
    fleet.rollOut('app-01');
    fleet.operate();
    expect(fleet.restarts.size).toBe(3);
    fleet.rollOut('app-02');
    expect(fleet.operate()).toMatchObject({ restarting: true, settlingMs: undefined });
    expect([...fleet.down]).toEqual(['app-03', 'app-04', 'app-05']);
  });

  it('that all fit into one wave are reported only after the settling time', () => {
    const fleet = new Fleet(2, { atOnce: 3 });
    fleet.operate();
    fleet.starts = 1;
    for (const name of fleet.names) fleet.rollOut(name);
    fleet.operate(2);
    expect(fleet.decide()).toMatchObject({ restarting: true, settlingMs: 10_000 });
  });

  it('wait for one that does not come up, and are told its name', () => {
    const fleet = new Fleet(5, { atOnce: 2 });
    fleet.operate();
    fleet.rollOut('app-01');
    fleet.nowMs += 299_000;
    expect(fleet.operate()).toMatchObject({ restarting: true, lateInMs: 1_000 });
    fleet.nowMs += 1_000;
    const stopped = fleet.operate();
    expect(stopped.restarting).toBe(false);
    expect(reasons(stopped)).toEqual(['WaveStopped', 'Current', 'WaveStopped', 'WaveStopped', 'WaveStopped']);
    expect(stopped.decisions[2]?.message).toContain('Deployment app-00 was restarted at');
    expect(stopped.decisions[2]?.message).toContain('3 more apps');
    expect(fleet.restarts.size).toBe(2);
    fleet.rollOut('app-00');
    expect(reasons(fleet.operate())).toEqual([
      'Current',
      'Current',
      'RollingOut',
      'RollingOut',
      'RestartWaiting',
    ]);
  });

  it('are not held up by a release of an owner that does not come up', () => {
    const fleet = new Fleet(4, { atOnce: 2 });
    fleet.finish();
    fleet.release('app-00');
    fleet.starts = 1;
    fleet.operate();
    expect([...fleet.down]).toEqual(['app-01', 'app-02']);
    fleet.rollOut('app-01');
    fleet.rollOut('app-02');
    fleet.operate();
    expect(fleet.down).toEqual(new Set(['app-00', 'app-03']));
  });

  it('go on with a new revision where a wave was stopped', () => {
    const fleet = new Fleet(4, { atOnce: 2, env: 'FromSecret' });
    fleet.finish();
    fleet.starts = 1;
    fleet.operate();
    fleet.nowMs += 600_000;
    expect(reasons(fleet.operate())).toContain('WaveStopped');
    fleet.starts = 2;
    const again = fleet.operate();
    expect([...fleet.down]).toEqual(['app-00', 'app-01']);
    expect(again.restarting).toBe(true);
    fleet.finish();
    for (const name of fleet.names)
      expect(new Set(fleet.restarts.get(name)).size).toBe(name < 'app-02' ? 2 : 1);
  });

  it('are restarted once more when all were once, and those pods have had the time to end', () => {
    const fleet = new Fleet(3, { atOnce: 2 });
    fleet.finish();
    fleet.freeze();
    const bound = new Map(fleet.restarts);
    const since = () =>
      fleet.names.map((name) => (fleet.restarts.get(name) ?? []).slice(bound.get(name)?.length));
    fleet.starts = 1;
    const { revision } = fleet.operate();
    fleet.rollOut('app-00');
    fleet.rollOut('app-01');
    fleet.operate();
    fleet.nowMs += 60_000;
    expect(reasons(fleet.operate())).toEqual(['RestartWaiting', 'RestartWaiting', 'RollingOut']);
    fleet.rollOut('app-02');
    fleet.operate();
    expect([...fleet.down]).toEqual(['app-00', 'app-01']);
    fleet.rollOut('app-00');
    fleet.rollOut('app-01');
    expect(fleet.operate()).toMatchObject({ restarting: true, lateInMs: 45_000 });
    expect(fleet.down.size).toBe(0);
    fleet.nowMs += 45_000;
    fleet.operate();
    expect([...fleet.down]).toEqual(['app-02']);
    fleet.finish();
    expect(since()).toEqual(fleet.names.map(() => [revision, againFor(revision)]));
  });

  it('tell of the copies when one does not come up with what it got', () => {
    const fleet = new Fleet(2, { atOnce: 1 });
    fleet.finish();
    fleet.freeze();
    fleet.starts = 1;
    fleet.operate();
    fleet.nowMs += 300_000;
    expect(fleet.operate().decisions[1]?.message).toContain('had been made immutable');
  });

  it('are never down together beyond the limit, and are restarted once for each revision', () => {
    const event = fc.oneof(
      fc.record({ what: fc.constant('RollOut' as const), app: fc.nat(7) }),
      fc.record({ what: fc.constant('Release' as const), app: fc.nat(7) }),
      fc.record({ what: fc.constant('Operate' as const), limit: fc.oneof(fc.nat(4), fc.constant(Infinity)) }),
      fc.constant({ what: 'Crash' as const }),
      fc.constant({ what: 'Revision' as const }),
      fc.constant({ what: 'Freeze' as const }),
      fc.record({ what: fc.constant('Wait' as const), seconds: fc.nat(400) }),
    );
    const property = fc.property(
      fc.array(event, { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('Inject' as const, 'FromSecret' as const),
      (events, count, atOnce, env) => {
        const fleet = new Fleet(count, { atOnce, env });
        for (const each of events) {
          const name = 'app' in each ? (fleet.names[each.app % count] ?? '') : '';
          if (each.what === 'RollOut') fleet.rollOut(name);
          if (each.what === 'Release') fleet.release(name);
          if (each.what === 'Operate') fleet.operate(each.limit);
          if (each.what === 'Crash') fleet.crash();
          if (each.what === 'Revision') fleet.starts += 1;
          if (each.what === 'Freeze') fleet.freeze();
          if (each.what === 'Wait') fleet.nowMs += each.seconds * 1000;
        }
        fleet.finish();
        expect(fleet.decide().decisions.every(({ current }) => current)).toBe(true);
        for (const marks of fleet.restarts.values()) expect(new Set(marks).size).toBe(marks.length);
        for (const app of fleet.apps.values()) expect(isRolledOut(app)).toBe(true);
      },
    );
    fc.assert(property, { numRuns: pick(150, 500) });
  });
});
