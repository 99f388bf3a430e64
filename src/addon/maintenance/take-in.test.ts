import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { InfluxPlanSpec } from '../../api/influx-plan.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import { NOBODY } from '../../maintenance/fleet.ts';
import type { StatefulSet } from '../../kube/objects/kinds.ts';
import type { InForce } from '../world/facts.ts';
import type { WayIn } from '../access/way-in.ts';
import { takeInStep } from './step.ts';
import { takeIn } from './take-in.ts';
import { beginning, beginStep } from './begin.ts';
import { maintenanceOf } from './told.ts';
import { DEFAULT_MAINTENANCE } from '../../maintenance/settings.ts';
import { buildPodTemplate } from '../children/pod/template.ts';
import { slimStatefulSet } from '../children/intent/rendered.ts';
import { buildStatefulSet, renderedFor } from '../children/stateful-set.ts';
import {
  addonOf,
  contextOf,
  countingFresh,
  FACTS,
  inForce,
  live,
  NO_CHILDREN,
  planOf,
  SETTINGS,
  VERSIONS,
  worldOf,
} from '../testing/fixtures.ts';
import type { World } from '../world/world.ts';

const OPEN = new Date('2026-03-10T22:00:00Z'); // a Tuesday
const SHUT = new Date('2026-03-10T12:00:00Z');
const NEXT = '2026-03-10T21:00:00Z';
const SINCE = '2026-03-01T00:00:00Z';
const WINDOW = { maintenanceWindow: { weekday: 'Tuesday', startHour: 21, durationHours: 8 } } as const;
const TOKEN = { 'influxaddon.dev/maintain-now': 'token' };
const PATCHED = [
  ...VERSIONS,
  { ...VERSIONS[0], name: '1.8.11', image: 'influxdb:1.8.11' },
] as World['versions'];
const EDITED = planWith({ memory: '3Gi' });

const READY = {
  type: 'Ready',
  status: 'True' as const,
  reason: 'Ready',
  message: '',
  lastTransitionTime: SINCE,
};

function planWith(edit: Partial<InfluxPlanSpec>): World['plan'] {
  const plan = planOf();
  return { ...plan, spec: { ...plan.spec, ...edit } };
}

function statusOf(
  maintenance: InfluxAddonStatus['maintenance'],
  more: InfluxAddonStatus = {},
): InfluxAddonStatus {
  return { observedGeneration: 1, conditions: [READY], ...(maintenance && { maintenance }), ...more };
}

const WAITS: InfluxAddonStatus = statusOf({ pending: [{ what: 'version 1.8.11', since: SINCE }] });

const FROZEN: Partial<World> = {
  settings: { ...SETTINGS, maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } },
};
const UNDER_WAY = live<InfluxRestore>({
  apiVersion: 'influxaddon.dev/v1alpha1',
  kind: 'InfluxRestore',
  spec: { backupRef: { name: 'b' }, addonRef: { name: 'my-app' }, overwrite: 'my_app_3707' },
  status: { startedAt: SINCE, attempts: 1 },
});

interface Given {
  readonly spec?: Partial<InfluxAddonSpec>;
  readonly annotations?: Record<string, string>;
  readonly status?: InfluxAddonStatus;
  readonly target?: InForce;
  readonly world?: Partial<World>;
}

/** A world in which the StatefulSet is as it was rendered for `target`. */
function worldWith({ spec, annotations = {}, status, target = inForce(), world = {} }: Given): World {
  const addon = addonOf({ ...WINDOW, ...spec }, { metadata: { annotations }, ...(status && { status }) });
  const built = buildStatefulSet(contextOf({ addon: addonOf(WINDOW), target }));
  const statefulSet = slimStatefulSet(live(built as StatefulSet));
  return worldOf({ addon, children: { ...NO_CHILDREN, statefulSet }, ...world });
}

function outcomeOf(given: Given, now = SHUT, blocked = false) {
  const world = worldWith(given);
  const { addon, children, settings } = world;
  const context = contextOf({ addon, children, settings, target: given.target ?? inForce() });
  return maintenanceOf(world, context, blocked, now);
}

describe('maintenanceOf', () => {
  it('says the window, and nothing that changes with time, while nothing is pending', () => {
    const outcome = outcomeOf({});
    expect(outcome.status).toEqual({ window: 'Tuesday 21:00-05:00 UTC' });
    expect(outcome.condition).toEqual({ status: false, reason: 'NothingPending', message: '' });
    expect(outcome.wakeMs).toBeUndefined();
    expect(outcomeOf({}, new Date('2027-01-01T00:00:00Z'))).toEqual(outcome);
  });

  it.each<{ what: string; given: Given }>([
    { what: 'version 1.8.11', given: { spec: { version: '1.8' }, world: { versions: PATCHED } } },
    { what: 'version 1.8.11', given: { world: { versions: PATCHED } } },
    { what: 'plan 1g as it is now (memory)', given: { world: { plan: EDITED } } },
    {
      what: 'plan 1g as it is now (storage)',
      given: { world: { plan: planWith({ storage: { size: '30Gi' } }) } },
    },
    {
      what: 'template of the pod as this release of the operator makes it',
      given: {
        world: {
          settings: { ...SETTINGS, render: (context) => ({ ...buildPodTemplate(context), metadata: {} }) },
        },
      },
    },
  ])('lists $what, until when it waits, and wakes then', ({ what, given }) => {
    const { status, condition, wakeMs } = outcomeOf(given);
    expect(status).toMatchObject({ next: NEXT, pending: [{ what, since: '2026-03-10T12:00:00Z' }] });
    expect(condition).toEqual({
      status: true,
      reason: 'OutsideWindow',
      message: `${what}: waits for the maintenance window of ${NEXT}`,
    });
    expect(wakeMs).toBe(9 * 3_600_000);
  });

  it.each<{ given: string; of: Given }>([
    {
      given: 'a version that the user pinned',
      of: { spec: { version: '1.8.10' }, world: { versions: PATCHED } },
    },
    { given: 'a plan that was deleted', of: { world: { plan: undefined } } },
    { given: 'a plan for nobody new', of: { world: { plan: planWith({ lifecycle: 'Withdrawn' }) } } },
  ])('has nothing to do for $given', ({ of }) => {
    expect(outcomeOf(of).status.pending).toBeUndefined();
  });

  it('says why it does not begin', () => {
    const given = { world: { versions: PATCHED } };
    const frozen = { ...SETTINGS, maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } };
    const late = new Date('2026-03-11T04:50:00Z');
    const reason = (of: Given, now: Date, blocked = false) => outcomeOf(of, now, blocked).condition.reason;
    expect(reason(given, OPEN)).toBe('Due');
    expect(reason(given, OPEN, true)).toBe('Blocked');
    expect(reason(given, late)).toBe('TooLittleTimeLeft');
    expect(reason({ world: { ...given.world, settings: frozen } }, OPEN)).toBe('Frozen');
  });

  it('ends maintenance that has brought what it was for, and remembers it', () => {
    const startedAt = '2026-03-10T21:58:00.000Z';
    const pending = [{ what: 'version 1.8.11', since: SINCE }];
    const past = [{ at: SINCE, what: 'plan 1g as it is now (cpu)' }];
    const target = { ...inForce('1g', '1.8.11'), maintainedAt: startedAt };
    const status = statusOf({ startedAt, pending, past });
    const done = outcomeOf({ target, status, world: { versions: PATCHED } }, OPEN).status;
    expect(done.startedAt).toBeUndefined();
    expect(done.pending).toBeUndefined();
    expect(done.past).toEqual([{ at: '2026-03-10T22:00:00Z', what: 'version 1.8.11' }, ...past]);
    // Taken back by an edit of the spec, since its image cannot be had.
    const back = { ...inForce(), maintainedAt: startedAt };
    const spec = { version: '1.8.10' };
    expect(outcomeOf({ target: back, status, spec, world: { versions: PATCHED } }, OPEN).status.past).toEqual(
      past,
    );
  });

  it('takes a token as acted on when there is nothing to do, and keeps it while something waits', () => {
    const lastHandled = { rotate: 'r' };
    const status = statusOf(undefined, { lastHandled });
    const asked = outcomeOf({ status, annotations: TOKEN });
    expect(asked.lastHandled).toEqual({ rotate: 'r', maintainNow: 'token' });
    const waits = outcomeOf({ status, annotations: TOKEN, world: { versions: PATCHED } });
    expect(waits.lastHandled).toEqual(lastHandled);
  });
});

describe('beginning', () => {
  const SELF = { plan: planOf(), versions: PATCHED };
  const begins = (given: Given, now: Date) =>
    beginning(worldWith({ ...given, world: { ...SELF, ...given.world } }), now);

  it.each<{ when: string; given: Given; now: Date; says: boolean }>([
    { when: 'its window is open', given: { status: WAITS }, now: OPEN, says: true },
    { when: 'its window is closed', given: { status: WAITS }, now: SHUT, says: false },
    { when: 'somebody asks', given: { status: WAITS, annotations: TOKEN }, now: SHUT, says: true },
    {
      when: 'somebody asked before',
      given: { status: { ...WAITS, lastHandled: { maintainNow: 'token' } }, annotations: TOKEN },
      now: SHUT,
      says: false,
    },
    {
      when: 'nothing is listed yet',
      given: { status: statusOf({}), annotations: TOKEN },
      now: OPEN,
      says: false,
    },
    { when: 'it is stopped', given: { status: WAITS, spec: { state: 'Stopped' } }, now: OPEN, says: false },
    {
      when: 'it has begun',
      given: { status: statusOf({ ...WAITS.maintenance, startedAt: SINCE }), annotations: TOKEN },
      now: OPEN,
      says: false,
    },
    {
      when: 'all is frozen',
      given: {
        status: WAITS,
        annotations: TOKEN,
        world: { settings: { ...SETTINGS, maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } } },
      },
      now: OPEN,
      says: false,
    },
  ])('when $when: $says', ({ given, now, says }) => {
    expect(begins(given, now) !== undefined).toBe(says);
  });

  it.each<[string, Partial<World>, boolean]>([
    ['through a freeze', FROZEN, true],
    ['while as many as may are in maintenance', { fleet: { ...NOBODY, running: 9 } }, true],
    ['but not into a restore that is under way', { restores: [UNDER_WAY] }, false],
  ])('begins for a certificate that can wait no longer: %s', (_, more, says) => {
    const pending = [{ what: 'certificate that was renewed', since: SINCE, latest: SINCE }];
    const given = worldWith({ status: statusOf({ pending }), world: { ...SELF, ...more } });
    const scene = { world: given, facts: FACTS, leaving: undefined, now: SHUT, fresh: countingFresh() };
    expect(beginStep(scene) !== undefined).toBe(says);
  });

  it('writes down the time, the token and what is under way in one status, and leaves the rest', () => {
    const status = begins({ status: WAITS, annotations: TOKEN }, SHUT);
    expect(status).toMatchObject({
      ...WAITS,
      maintenance: { ...WAITS.maintenance, startedAt: '2026-03-10T12:00:00.000Z' },
      lastHandled: { maintainNow: 'token' },
      conditions: [
        ...(WAITS.conditions ?? []),
        { type: 'MaintenancePending', status: 'True', reason: 'Running' },
      ],
    });
  });

  it('waits for others that are in maintenance, and stops when too many have not come back', () => {
    const with_ = (place: Partial<World['fleet']>, annotations = {}) =>
      begins({ status: WAITS, annotations, world: { fleet: { ...NOBODY, ...place } } }, OPEN) !== undefined;
    expect(with_({ running: 2 })).toBe(true);
    expect(with_({ running: 3 })).toBe(false);
    expect(with_({ running: 2, ahead: 1 })).toBe(false);
    expect(with_({ running: 3 }, TOKEN)).toBe(false);
    expect(with_({ failures: 1 })).toBe(true);
    expect(with_({ failures: 2 })).toBe(false);
    expect(with_({ failures: 2 }, TOKEN)).toBe(true);
  });

  describe('when a certificate can wait no longer', () => {
    const what = 'certificate that was renewed';
    const due = [{ what, since: SINCE, latest: '2026-03-09T00:00:00Z' }];
    const later = [{ what, since: SINCE, latest: '2026-03-11T00:00:00Z' }];
    const stalled = { ...READY, type: 'Stalled' };
    const degraded = { ...READY, status: 'False' as const, reason: 'Degraded' };
    const patch = { what: 'version 1.8.11', since: SINCE };
    const authority = { what: 'authority x', since: SINCE, latest: '2026-03-09T00:00:00Z' };
    it.each<{ case: string; status: InfluxAddonStatus; says: boolean }>([
      { case: 'yet', status: statusOf({ pending: later }), says: false },
      { case: 'at all', status: statusOf({ pending: due }), says: true },
      {
        case: 'though it was tried an hour ago',
        status: statusOf({ pending: due, past: [{ at: '2026-03-10T10:59:00Z', what }] }),
        says: true,
      },
      {
        case: 'though it was tried half an hour ago',
        status: statusOf({ pending: due, past: [{ at: '2026-03-10T11:30:00Z', what }] }),
        says: false,
      },
      {
        case: 'and the addon is stalled',
        status: statusOf({ pending: due }, { conditions: [{ ...READY, status: 'False' }, stalled] }),
        says: true,
      },
      {
        case: 'and the database does not answer',
        status: statusOf({ pending: due }, { conditions: [degraded] }),
        says: true,
      },
      {
        case: 'but something else of a stalled addon',
        status: statusOf({ pending: [patch, authority] }, { conditions: [stalled] }),
        says: false,
      },
    ])('$case: $says', ({ status, says }) => {
      expect(begins({ status }, SHUT) !== undefined).toBe(says);
    });
  });
});

describe('takeIn', () => {
  const facts = { ...FACTS, inForce: inForce() };
  const world = { plan: EDITED, versions: PATCHED };
  const taken = (given: Given, wish = inForce()) =>
    taking(worldWith({ ...given, world: { ...world, ...given.world } }), facts.inForce, wish);
  function taking(of: World, before: InForce, wish: InForce | undefined) {
    const found = takeIn(of, { inForce: before }, wish, SHUT);
    if (found === undefined) throw new Error('there is nothing to run with');
    return found;
  }
  const all = { plan: { name: '1g', spec: EDITED?.spec }, version: { name: '1.8.11' } };

  it('changes nothing by itself', () => {
    expect(taken({ status: WAITS })).toEqual({ target: inForce(), renewTemplate: false });
  });

  it('takes everything when maintenance has begun, once', () => {
    const status = statusOf({ ...WAITS.maintenance, startedAt: SINCE });
    const { target } = taken({ status });
    expect(target).toMatchObject({ ...all, maintainedAt: SINCE });
    expect(target.restartedAt).toBeUndefined();
    const again = taking(worldWith({ status, target, world: PATCHED_AGAIN }), target, target);
    expect(again.target).toEqual(target);
  });

  it('marks the pod when a certificate was waited for, which is not in its template', () => {
    const pending = [{ what: 'certificate that was renewed', since: SINCE }];
    const status = statusOf({ pending, startedAt: SINCE });
    expect(taken({ status }).target).toMatchObject({ maintainedAt: SINCE, restartedAt: SINCE });
  });

  it.each<{ change: string; given: Given; wish?: InForce }>([
    { change: 'another plan', given: { spec: { plan: '2g' } }, wish: inForce('2g') },
    { change: 'TLS', given: {}, wish: { ...inForce(), tls: 'Required' } },
    { change: 'another placement', given: { spec: { placement: { priorityClassName: 'high' } } } },
  ])('takes everything along with a change of the spec: $change', ({ given, wish }) => {
    const { target } = taken({ status: WAITS, ...given }, wish);
    expect(target.version.name).toBe('1.8.11');
    expect(target.plan.spec.memory).toBe('3Gi');
    expect(target.tls).toBe(wish?.tls);
  });

  it('takes everything along, the template too, with a start after Stopped', () => {
    const given = worldWith({ status: WAITS, world });
    const { statefulSet } = given.children;
    const down = { ...statefulSet, spec: { ...statefulSet?.spec, replicas: 0 } } as typeof statefulSet;
    const stopped = { ...given, children: { ...given.children, statefulSet: down } };
    expect(taking(stopped, facts.inForce, inForce())).toMatchObject({ target: all, renewTemplate: true });
  });

  it('takes nothing along while all is frozen, or after too many failures', () => {
    const freeze = { ...SETTINGS, maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } };
    const broken = { ...NOBODY, failures: 2 };
    const tls = { ...inForce(), tls: 'Required' as const };
    expect(taken({ world: { settings: freeze } }, tls).target).toEqual(tls);
    expect(taken({ world: { fleet: broken } }, tls).target).toEqual(tls);
  });

  it('gives a spec that cannot be followed what cannot wait, and nothing else', () => {
    const stalled = { ...READY, type: 'Stalled' };
    const certificate = { what: 'certificate that was renewed', since: SINCE };
    const pending = [...(WAITS.maintenance?.pending ?? []), certificate];
    const due = [...(WAITS.maintenance?.pending ?? []), { ...certificate, latest: SINCE }];
    const refused = (list: typeof due | typeof pending) =>
      taking(
        worldWith({
          status: statusOf({ pending: list, startedAt: SINCE }, { conditions: [stalled] }),
          spec: { plan: 'unknown' },
          world,
        }),
        inForce(),
        undefined,
      );
    expect(refused(pending)).toEqual({ target: inForce(), renewTemplate: false });
    expect(refused(due)).toEqual({
      target: { ...inForce(), maintainedAt: SINCE, restartedAt: SINCE },
      renewTemplate: false,
    });
  });

  it.each<[string, Partial<World>]>([
    ['all is frozen', { settings: { ...SETTINGS, maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } } }],
    ['too many have failed', { fleet: { ...NOBODY, failures: 2 } }],
  ])('brings what cannot wait, and nothing else, while %s', (_, held) => {
    const certificate = { what: 'certificate that was renewed', since: SINCE, latest: SINCE };
    const pending = [...(WAITS.maintenance?.pending ?? []), certificate];
    const status = statusOf({ pending, startedAt: SINCE });
    expect(taken({ status, world: held })).toEqual({
      target: { ...inForce(), maintainedAt: SINCE, restartedAt: SINCE },
      renewTemplate: false,
    });
  });

  it.each([
    ['waits', {}, {}],
    ['is read when it can wait no longer', { latest: SINCE }, { maintainedAt: SINCE, restartedAt: SINCE }],
  ])('a certificate %s while a Service has no address yet', (_, latest, marks) => {
    const pending = [{ what: 'certificate that was renewed', since: SINCE, ...latest }];
    const wish = { ...inForce(), tls: 'Required' as const, external: ['x'] };
    const step = takeInStep({
      world: worldWith({ status: statusOf({ pending, startedAt: SINCE }), world }),
      facts: { ...FACTS, inForce: inForce() },
      leaving: undefined,
      wish: { target: wish, refusal: undefined },
      way: { state: 'Awaited', untilMs: Infinity } as WayIn,
      now: SHUT,
      fresh: countingFresh(),
    });
    expect(step).toMatchObject({ candidate: { ...inForce(), ...marks } });
    expect('candidate' in step && step.candidate).toEqual({ ...inForce(), ...marks });
  });

  it.each<{ what: string; before?: string[]; wish?: string[]; plan?: string; external?: string[] }>([
    { what: 'a first way in', wish: ['NodePort'], external: ['NodePort'] },
    {
      what: 'one more host name',
      before: ['NodePort'],
      wish: ['NodePort', 'x'],
      external: ['NodePort', 'x'],
    },
    {
      what: 'one host name less, which is no reason',
      before: ['NodePort', 'x'],
      wish: ['x'],
      external: ['NodePort', 'x'],
    },
    { what: 'none any more, which is no reason', before: ['NodePort'], external: ['NodePort'] },
    { what: 'none any more, at the next stop', before: ['NodePort'], plan: '2g' },
  ])('starts the database for $what', ({ before, wish, plan = '1g', external }) => {
    const tls = (names: string[] | undefined, name = '1g'): InForce => ({
      ...inForce(name),
      tls: 'Required',
      ...(names === undefined ? {} : { external: names }),
    });
    const target = tls(before);
    const found = taking(worldWith({ target, spec: { plan } }), target, tls(wish, plan));
    expect(found.target.external).toEqual(external);
  });

  describe('of the authority that apps are told of', () => {
    const TLS: InForce = { ...inForce(), tls: 'Required' };
    const trust = { revision: 'new' } as NonNullable<World['trust']>;
    const old: InForce = { ...TLS, authority: 'old' };
    const of = (given: Given, before: InForce, wish: InForce = TLS) =>
      taking(
        worldWith({ ...given, target: before, world: { ...world, trust, ...given.world } }),
        before,
        wish,
      ).target.authority;

    it('keeps the one that they know, until the window', () => {
      expect(of({ status: WAITS }, old)).toBe('old');
      expect(of({ status: statusOf({ ...WAITS.maintenance, startedAt: SINCE }) }, old)).toBe('new');
    });

    it('takes the newest for a new addon, for one that is changed, and for TLS that is switched on', () => {
      const fresh = takeIn(worldWith({ world: { ...world, trust } }), { inForce: undefined }, TLS, SHUT);
      expect(fresh?.target.authority).toBe('new');
      expect(of({ spec: { plan: '2g' } }, old, { ...inForce('2g'), tls: 'Required' })).toBe('new');
      expect(of({}, inForce())).toBe('new');
    });

    it('is none without TLS, and with a certificate of the own', () => {
      expect(of({}, old, inForce())).toBeUndefined();
      expect(of({}, old, { ...TLS, certificate: { name: 'mine', trust: 'x' } })).toBeUndefined();
    });

    it('keeps what it was while the operator has no authority, or everything is held back', () => {
      const began = statusOf({ ...WAITS.maintenance, startedAt: SINCE });
      expect(of({ status: began, world: { trust: undefined } }, old)).toBe('old');
      const frozen = { ...SETTINGS, maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } };
      const two: InForce = { ...inForce('2g'), tls: 'Required' };
      expect(of({ spec: { plan: '2g' }, world: { settings: frozen } }, old, two)).toBe('old');
    });

    it('is no part of the pod', () => {
      const hash = (target: InForce) => renderedFor({ addon: addonOf(), target });
      expect(hash({ ...old, authority: 'new' })).toBe(hash(old));
    });
  });
});

/** While a database is in maintenance, an even newer patch appears. */
const PATCHED_AGAIN: Partial<World> = {
  plan: planWith({ memory: '4Gi' }),
  versions: [...PATCHED, { ...VERSIONS[0], name: '1.8.12', image: 'influxdb:1.8.12' }] as World['versions'],
};
