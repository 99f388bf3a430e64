import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../api/influx-addon.ts';
import type { InfluxPlanSpec } from '../api/influx-plan.ts';
import type { Secret, StatefulSet } from '../kube/kinds.ts';
import { make } from '../tls/testing/certificates.ts';
import type { InForce } from './facts.ts';
import { beginning, DEFAULT_MAINTENANCE, maintenanceOf, takeIn } from './maintenance.ts';
import { buildPodTemplate } from './resources/pod-template.ts';
import { slimStatefulSet } from './resources/rendered.ts';
import { buildStatefulSet } from './resources/stateful-set.ts';
import {
  addonOf,
  contextOf,
  FACTS,
  inForce,
  live,
  NO_CHILDREN,
  planOf,
  SETTINGS,
  VERSIONS,
  worldOf,
} from './testing/fixtures.ts';
import { NO_MEMORY, type World } from './world.ts';

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

function planWith(edit: Partial<InfluxPlanSpec>): World['plan'] {
  const plan = planOf();
  return { ...plan, spec: { ...plan.spec, ...edit } };
}

function statusOf(
  maintenance: InfluxAddonStatus['maintenance'],
  more: InfluxAddonStatus = {},
): InfluxAddonStatus {
  const ready = {
    type: 'Ready',
    status: 'True' as const,
    reason: 'Ready',
    message: '',
    lastTransitionTime: SINCE,
  };
  return { observedGeneration: 1, conditions: [ready], ...(maintenance && { maintenance }), ...more };
}

const WAITS: InfluxAddonStatus = statusOf({ pending: [{ what: 'version 1.8.11', since: SINCE }] });

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
    const others = (count: number, startedAt: string) =>
      Array.from({ length: count }, (_, index) =>
        addonOf(WINDOW, { metadata: { uid: `other-${index}` }, status: statusOf({ startedAt }) }),
      );
    const now = '2026-03-10T21:59:00.000Z';
    const long = '2026-03-10T21:00:00.000Z';
    const with_ = (fleet: World['fleet'], annotations = {}) =>
      begins({ status: WAITS, annotations, world: { fleet } }, OPEN) !== undefined;
    expect(with_(others(2, now))).toBe(true);
    expect(with_(others(3, now))).toBe(false);
    expect(with_(others(3, now), TOKEN)).toBe(false);
    expect(with_(others(1, long))).toBe(true);
    expect(with_(others(2, long))).toBe(false);
    expect(with_(others(2, long), TOKEN)).toBe(true);
  });

  it('does not wait for a window when the certificate that is shown is about to end, but not twice an hour', async () => {
    const { certPem } = await make({ subject: 'db' });
    const certificate = { fingerprint: 'old', notAfter: new Date('2026-03-12T00:00:00Z') };
    const knowledge = { podUid: '', credentials: '', askedMs: 0, failures: 0, probe: undefined };
    const answer = { ok: true, state: {}, login: 'Accepted', certificate } as never;
    const memory = { ...NO_MEMORY, database: { ...knowledge, answer } };
    const tlsSecret = live<Secret>({ data: { 'tls.crt': Buffer.from(certPem).toString('base64') } });
    const pending = [{ what: 'certificate that was renewed', since: SINCE }];
    const with_ = (past: NonNullable<InfluxAddonStatus['maintenance']>['past']) => {
      const world = worldWith({ status: statusOf({ pending, ...(past && { past }) }) });
      return beginning({ ...world, memory, children: { ...world.children, tlsSecret } }, SHUT) !== undefined;
    };
    expect(with_(undefined)).toBe(true);
    expect(with_([{ at: '2026-03-10T10:59:00Z', what: 'certificate that was renewed' }])).toBe(true);
    expect(with_([{ at: '2026-03-10T11:30:00Z', what: 'certificate that was renewed' }])).toBe(false);
  });
});

describe('takeIn', () => {
  const facts = { ...FACTS, inForce: inForce() };
  const world = { plan: EDITED, versions: PATCHED };
  const taken = (given: Given, wish = inForce()) =>
    takeIn(worldWith({ ...given, world: { ...world, ...given.world } }), facts, wish, SHUT);
  const all = { plan: { name: '1g', spec: EDITED?.spec }, version: { name: '1.8.11' } };

  it('changes nothing by itself', () => {
    expect(taken({ status: WAITS })).toEqual({ target: inForce(), renewTemplate: false });
  });

  it('takes everything when maintenance has begun, once', () => {
    const status = statusOf({ ...WAITS.maintenance, startedAt: SINCE });
    const { target } = taken({ status });
    expect(target).toMatchObject({ ...all, maintainedAt: SINCE });
    expect(target.restartedAt).toBeUndefined();
    const again = takeIn(
      worldWith({ status, target, world: PATCHED_AGAIN }),
      { inForce: target },
      target,
      SHUT,
    );
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
    expect(takeIn(stopped, facts, inForce(), SHUT)).toMatchObject({ target: all, renewTemplate: true });
  });

  it('takes nothing along while all is frozen, or after too many failures', () => {
    const freeze = { ...SETTINGS, maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } };
    const broken = [1, 2].map((index) =>
      addonOf({}, { metadata: { uid: `broken-${index}` }, status: statusOf({ startedAt: SINCE }) }),
    );
    const tls = { ...inForce(), tls: 'Required' as const };
    expect(taken({ world: { settings: freeze } }, tls).target).toEqual(tls);
    expect(taken({ world: { fleet: broken } }, tls).target).toEqual(tls);
  });
});

/** While a database is in maintenance, an even newer patch appears. */
const PATCHED_AGAIN: Partial<World> = {
  plan: planWith({ memory: '4Gi' }),
  versions: [...PATCHED, { ...VERSIONS[0], name: '1.8.12', image: 'influxdb:1.8.12' }] as World['versions'],
};
