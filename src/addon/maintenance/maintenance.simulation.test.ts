import { describe, expect, it } from 'vitest';
import { pick } from '../../../test/size.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { maintenanceWindowOf } from '../../api/addon-defaults.ts';
import type { StatefulSet } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { FleetSummary } from '../../maintenance/fleet-summary.ts';
import { windowAt } from '../../maintenance/window.ts';
import type { InForce } from '../world/facts.ts';
import { isWaitingForTurn, memberOf, placeOf } from './fleet.ts';
import { takeIn } from './take-in.ts';
import { beginning } from './begin.ts';
import { maintenanceOf } from './told.ts';
import { DEFAULT_MAINTENANCE, type MaintenanceSettings } from '../../maintenance/settings.ts';
import { buildStatefulSet } from '../children/stateful-set.ts';
import { renderStatus } from '../status/status.ts';
import { type Picture } from '../decision/picture.ts';
import {
  addonOf,
  contextOf,
  FACTS,
  inForce,
  live,
  NO_CHILDREN,
  SETTINGS,
  VERSIONS,
  worldOf,
} from '../testing/fixtures.ts';
import type { World } from '../world/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** Of databases; the brake lets one in fifty go at once. */
const LARGE = pick(100, 1_000);
const START = new Date('2026-03-10T12:00:00Z').getTime(); // a Tuesday
const NEWER = [
  ...VERSIONS,
  { ...VERSIONS[0], name: '1.8.11', image: 'influxdb:1.8.11' },
] as World['versions'];

/** One addon of the fleet, whose database takes a while to come back from a restart, or never does. */
interface Member {
  addon: Live<InfluxAddon>;
  inForce: InForce;
  statefulSet: Live<StatefulSet>;
  readonly minutes: number;
  /** When it is decided again; nothing else is remembered between decisions. */
  nextMs: number;
  backMs: number;
  writes: number;
}

interface Begun {
  readonly uid: string;
  readonly at: Date;
  readonly running: number;
}

/** Weeks of a fleet, from one decision to the next: time jumps to whoever wants to be looked at first. */
class Fleet {
  readonly begun: Begun[] = [];
  readonly members: Member[];
  readonly summary = new FleetSummary();
  versions: World['versions'] = VERSIONS;
  settings: MaintenanceSettings;
  now = START;

  constructor(count: number, settings: Partial<MaintenanceSettings>, minutes: (index: number) => number) {
    this.settings = { ...DEFAULT_MAINTENANCE, ...settings };
    this.members = Array.from({ length: count }, (_, index) => {
      const metadata = { name: `db-${index}`, uid: `uid-${index * 7919}` };
      const addon = addonOf({ version: '1.8' }, { metadata });
      const statefulSet = setOf(addon, inForce());
      const times = { nextMs: START, backMs: -Infinity, writes: 0 };
      return { addon, inForce: inForce(), statefulSet, minutes: minutes(index), ...times };
    });
  }

  /** Everybody looks when the catalogue or a flag changes, as after a change of a watched object or a new process. */
  change(change: { versions?: World['versions']; settings?: Partial<MaintenanceSettings> }): void {
    this.versions = change.versions ?? this.versions;
    this.settings = { ...this.settings, ...change.settings };
    for (const member of this.members) member.nextMs = Math.min(member.nextMs, this.now);
  }

  give(member: Member, maintenanceWindow: NonNullable<InfluxAddon['spec']['maintenanceWindow']>): void {
    member.addon = { ...member.addon, spec: { ...member.addon.spec, maintenanceWindow } };
    this.summary.put(memberOf(member.addon));
  }

  ask(index: number): void {
    const member = this.members[index];
    if (member === undefined) return;
    const annotations = { 'influxaddon.dev/maintain-now': 'now' };
    member.addon = { ...member.addon, metadata: { ...member.addon.metadata, annotations } };
    this.summary.put(memberOf(member.addon));
    member.nextMs = this.now;
  }

  run(untilMs: number): void {
    for (;;) {
      const next = this.members.reduce((a, b) => (b.nextMs < a.nextMs ? b : a));
      if (next.nextMs > untilMs) break;
      this.now = Math.max(this.now, next.nextMs);
      this.#decide(next);
    }
    this.now = untilMs;
  }

  on(version: string): number {
    return this.members.filter(
      ({
        inForce: {
          version: { name },
        },
        addon,
      }) => name === version && !isUnder(addon),
    ).length;
  }

  #decide(member: Member): void {
    const now = new Date(this.now);
    const world = this.#world(member);
    member.nextMs = Infinity;
    const begun = beginning(world, now);
    if (begun !== undefined) {
      this.#store(member, begun);
      this.begun.push({
        uid: member.addon.metadata.uid,
        at: now,
        running: this.members.filter(({ addon }) => isUnder(addon)).length,
      });
      member.backMs = this.now + member.minutes * MINUTE_MS;
      member.nextMs = this.now;
      return;
    }
    const target = takeIn(world, { inForce: member.inForce }, member.inForce, now)?.target ?? member.inForce;
    if (target !== member.inForce) {
      member.inForce = target;
      member.statefulSet = setOf(member.addon, target);
    }
    if (member.backMs > this.now) {
      member.nextMs = member.backMs;
      return;
    }
    const was = isUnder(member.addon);
    const context = contextOf({ addon: member.addon, target, children: this.#world(member).children });
    const maintenance = maintenanceOf(this.#world(member), context, false, now);
    const picture: Picture = {
      ready: { status: true, reason: 'Ready', message: '' },
      available: { status: true, reason: 'Answering', message: '' },
      reconciling: false,
      refusal: undefined,
      notImplemented: [],
      facts: FACTS,
      inForce: target,
      state: 'Running',
      dataPlane: undefined,
      apps: undefined,
      maintenance,
    };
    this.#store(member, renderStatus(world, picture, now));
    if (maintenance.wakeMs !== undefined)
      member.nextMs = Math.min(member.nextMs, this.now + maintenance.wakeMs);
    if (!was) return;
    for (const other of this.members) if (isWaitingForTurn(other.addon)) other.nextMs = this.now;
  }

  #world({ addon, statefulSet }: Member): World {
    return worldOf({
      addon,
      versions: this.versions,
      children: { ...NO_CHILDREN, statefulSet },
      fleet: placeOf(addon, this.summary, this.settings, new Date(this.now)),
      settings: { ...SETTINGS, maintenance: this.settings },
    });
  }

  #store(member: Member, status: NonNullable<InfluxAddon['status']>): void {
    if (JSON.stringify(status) === JSON.stringify(member.addon.status)) return;
    member.addon = { ...member.addon, status };
    this.summary.put(memberOf(member.addon));
    member.writes += 1;
  }
}

function isUnder({ status }: Live<InfluxAddon>): boolean {
  return status?.maintenance?.startedAt !== undefined;
}

function setOf(addon: Live<InfluxAddon>, target: InForce): Live<StatefulSet> {
  return live(buildStatefulSet(contextOf({ addon, target })));
}

/** Some are back at once, some take their time. */
const varied = (index: number) => 1 + (index % 5) * 3;

describe(`${LARGE} addons`, () => {
  it('take a new patch each in its window, no more at once than allowed', () => {
    const fleet = new Fleet(LARGE, { maxAtOnce: LARGE / 50 }, varied);
    fleet.run(START + HOUR_MS);
    fleet.change({ versions: NEWER });
    fleet.run(START + HOUR_MS + WEEK_MS);
    expect(fleet.on('1.8.11')).toBe(LARGE);
    expect(fleet.begun).toHaveLength(LARGE);
    expect(Math.max(...fleet.begun.map(({ running }) => running))).toBe(LARGE / 50);
    // Some wait for a turn, which is told once; nobody is written to for waiting on.
    for (const member of fleet.members) expect(member.writes).toBeLessThanOrEqual(6);
  }, 180_000);
});

describe('three weeks of 30 addons', () => {
  it('take a new patch each in its window, never more at once than allowed, in the first week', () => {
    const fleet = new Fleet(30, {}, varied);
    fleet.run(START + HOUR_MS);
    fleet.change({ versions: NEWER });
    fleet.run(START + HOUR_MS + WEEK_MS);
    expect(fleet.on('1.8.11')).toBe(30);
    const writes = fleet.members.map((member) => member.writes);
    fleet.run(START + 3 * WEEK_MS);
    expect(fleet.begun).toHaveLength(30);
    for (const { uid, at, running } of fleet.begun) {
      const member = fleet.members.find(({ addon }) => addon.metadata.uid === uid);
      expect(member && windowAt(maintenanceWindowOf(member.addon), at)).toBeDefined();
      expect(running).toBeLessThanOrEqual(3);
    }
    expect(new Set(fleet.begun.map(({ uid }) => uid)).size).toBe(30);
    // Afterwards nothing is written, however many windows open and close.
    expect(fleet.members.map((member) => member.writes)).toEqual(writes);
  });

  it('are as many at once as allowed when all have the same window', () => {
    const fleet = new Fleet(30, { maxAtOnce: 4 }, varied);
    const maintenanceWindow = { weekday: 'Tuesday', startHour: 21, durationHours: 8 } as const;
    for (const member of fleet.members) fleet.give(member, maintenanceWindow);
    fleet.change({ versions: NEWER });
    fleet.run(START + WEEK_MS);
    expect(fleet.on('1.8.11')).toBe(30);
    expect(Math.max(...fleet.begun.map(({ running }) => running))).toBe(4);
    // First come, pending noticed, waiting for its turn, begun, done.
    for (const member of fleet.members) expect(member.writes).toBeLessThanOrEqual(6);
  });

  it('stop after so many failures, and go on when what is broken is mended', () => {
    const fleet = new Fleet(30, { maxAtOnce: 1, maxFailures: 2 }, (index) =>
      index % 3 === 0 ? Infinity : 2,
    );
    fleet.change({ versions: NEWER });
    fleet.run(START + 3 * WEEK_MS);
    const broken = fleet.members.filter(({ addon }) => isUnder(addon));
    expect(broken).toHaveLength(2);
    expect(fleet.on('1.8.11')).toBeLessThan(28);
    const stopped = fleet.members.filter(({ addon }) => isWaitingForTurn(addon));
    expect(stopped.length).toBeGreaterThan(0);
    for (const member of fleet.members) member.backMs = Math.min(member.backMs, fleet.now);
    for (const [index, member] of fleet.members.entries())
      fleet.members[index] = { ...member, minutes: 2, nextMs: fleet.now };
    fleet.run(START + 5 * WEEK_MS);
    expect(fleet.on('1.8.11')).toBe(30);
  });

  it('begin nothing while all is frozen, not even what is asked for, and catch up afterwards', () => {
    const fleet = new Fleet(30, { freeze: true }, varied);
    fleet.change({ versions: NEWER });
    fleet.ask(0);
    fleet.run(START + WEEK_MS);
    expect(fleet.begun).toEqual([]);
    fleet.change({ settings: { freeze: false } });
    const asked = fleet.members[0]?.addon.metadata.uid;
    fleet.run(START + WEEK_MS + MINUTE_MS);
    expect(fleet.begun.map(({ uid }) => uid)).toEqual(expect.arrayContaining([asked]));
    fleet.run(START + 3 * WEEK_MS);
    expect(fleet.on('1.8.11')).toBe(30);
  });
});
