import type { AddonCondition } from '../../api/influx-addon.ts';
import { setCondition } from '../../kube/objects/conditions.ts';
import { given } from '../../kube/objects/given.ts';
import { WAITING_FOR_ACCESS, type AccessStep } from '../rights/step.ts';
import type { Action, Announcement, Decision } from '../decision/action.ts';
import { announcements } from './announcements.ts';
import { backupHealth } from '../backups/health.ts';
import type { AppsOutcome } from '../apps/decide.ts';
import type { ContentsOutcome } from '../database/contents/next.ts';
import type { DatabaseState } from '../database/state.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { WayIn } from '../access/way-in.ts';
import type { MaintenanceOutcome } from '../maintenance/take-in.ts';
import { READY_REASON, STALLED_REASON, type ReadyReason } from '../../api/reasons.ts';
import { keptDataPlane, startingMessage } from '../pod/starting.ts';
import { blockedPicture, NOTHING_NEW, renderStatus, type Picture } from './status.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';
import type { Finding } from '../world/memory.ts';

// How a pass may end: with actions, or with the status that is true while there are none.

export function acting(actions: readonly Action[], events: readonly Announcement[] = []): Decision {
  return { actions, status: undefined, events, requeueAfterMs: undefined, waitingFor: undefined };
}

export function idle(): Decision {
  return { actions: [], status: undefined, events: [], requeueAfterMs: undefined, waitingFor: undefined };
}

/** What is waited for before anything stops the database. */
export const AN_ADDRESS = 'the Service outside the cluster to get an address';

/** Everything is done that can be done now: store this status, and look again when told. */
export function stored(
  world: World,
  picture: Picture,
  now: Date,
  next: { waitingFor?: string | undefined; requeueAfterMs?: number | undefined } = {},
): Decision {
  const status = renderStatus(world, picture, now);
  const retry = world.memory.findings
    .map((finding) => finding.untilMs - now.getTime())
    .filter((ms) => ms > 0);
  const times = [...retry, next.requeueAfterMs, backupHealth(world, now).wakeMs].filter(
    (ms): ms is number => ms !== undefined,
  );
  return {
    actions: [],
    status,
    events: announcements(world.addon.status, status),
    requeueAfterMs: times.length === 0 ? undefined : Math.max(50, Math.min(...times)),
    waitingFor: next.waitingFor,
  };
}

/** The database answers as it should: what remains is to say so, and how far the apps are. */
export function running(
  world: World,
  base: Pick<Picture, 'refusal' | 'notImplemented' | 'facts'>,
  outcome: {
    target: InForce;
    apps: AppsOutcome | undefined;
    revision: string;
    starts: number;
    recheckMs: number;
    contents: ContentsOutcome | undefined;
    /** Listed users whose login is still to be tried. */
    untried: readonly string[];
    maintenance: (blocked: boolean) => MaintenanceOutcome;
    way: WayIn;
  },
  now: Date,
): Decision {
  const { addon } = world;
  const { apps, way } = outcome;
  const before = addon.status?.dataPlane;
  const outside = way.state === 'Missing' ? way.refusal : undefined;
  const blocked: Refusal | undefined =
    base.refusal ?? apps?.refusal ?? outside ?? contentsRefusal(outcome.contents);
  // A rollout of a few seconds is not worth a state of its own: status is stored once, when it is done.
  if (blocked === undefined && apps?.settlingMs !== undefined) {
    return {
      actions: [],
      status: undefined,
      events: [],
      requeueAfterMs: apps.settlingMs,
      waitingFor: undefined,
    };
  }
  const maintenance = outcome.maintenance(blocked !== undefined);
  const picture: Picture = {
    ...base,
    refusal: blocked,
    reconciling: way.state === 'Awaited' || outcome.untried.length > 0 || (apps?.restarting ?? false),
    ready:
      blocked === undefined
        ? inForceNow(way, outcome.untried, apps?.restarting ?? false)
        : { status: false, reason: READY_REASON.blocked, message: blocked.message },
    available: { status: true, reason: 'Answering', message: 'the database answers' },
    inForce: outcome.target,
    state: 'Running',
    dataPlane: {
      revision: outcome.revision,
      verifiedAt:
        before?.revision === outcome.revision && before.verifiedAt !== undefined
          ? before.verifiedAt
          : now.toISOString(),
      starts: outcome.starts,
      ...given({ apps: apps?.revision ?? before?.apps }),
    },
    apps: apps?.decisions,
    contents: outcome.contents,
    maintenance,
  };
  const requeueAfterMs = Math.min(
    outcome.recheckMs,
    outcome.contents?.recheckMs ?? Infinity,
    apps?.lateInMs ?? Infinity,
    maintenance.wakeMs ?? Infinity,
    way.state === 'Awaited' ? way.untilMs - now.getTime() : Infinity,
  );
  const waitingFor = way.state === 'Awaited' ? AN_ADDRESS : undefined;
  return stored(world, picture, now, { waitingFor, requeueAfterMs });
}

/** All that waits for a user inside the database, under the reason of the first. */
function contentsRefusal(contents: ContentsOutcome | undefined): Refusal | undefined {
  const [first] = contents?.problems ?? [];
  return (
    first && {
      reason: first.reason,
      message: contents?.problems.map(({ message }) => message).join(' ') ?? '',
    }
  );
}

/** The database is done when its apps are still being restarted: they have a condition of their own. */
function inForceNow(way: WayIn, untried: readonly string[], restarting: boolean): Picture['ready'] {
  if (way.state === 'Awaited') {
    const message = `Waiting for ${AN_ADDRESS}; the database then gets a certificate for it, and is restarted for all that was asked for, once. Inside the cluster it goes on as it is.`;
    return { status: false, reason: READY_REASON.switchingTls, message };
  }
  if (untried.length > 0) {
    const message = `Waiting for the database to answer to the login of ${untried.join(', ')}: the Secret of a user is made when that is accepted.`;
    return { status: false, reason: READY_REASON.provisioning, message };
  }
  return restarting
    ? {
        status: true,
        reason: READY_REASON.restartingApps,
        message: 'the database answers, and the spec is in force; apps are being restarted',
      }
    : { status: true, reason: READY_REASON.ready, message: 'the database answers, and the spec is in force' };
}

export function silent(
  world: World,
  base: Omit<Picture, 'ready' | 'available' | 'state' | 'dataPlane'>,
  database: Extract<DatabaseState, { state: 'Silent' } | { state: 'AdministratorLost' }>,
  starting: ReadyReason,
  starts: number,
  now: Date,
): Decision {
  const message =
    database.state === 'Silent'
      ? database.message
      : 'the administrator cannot log in; the next start of the pod heals it';
  const what = database.state === 'Silent' ? 'the database to answer' : 'the administrator to be healed';
  // A database that comes up answers within a moment: only what lasts is reported as a failure.
  const fresh = starting !== READY_REASON.degraded && (world.memory.database?.failures ?? 0) < 4;
  const reason =
    base.refusal === undefined ? (fresh ? starting : READY_REASON.degraded) : READY_REASON.blocked;
  const text =
    base.refusal?.message ??
    (fresh
      ? startingMessage(starting, world.addon.status)
      : `The database does not answer as it should: ${message}.`);
  const picture: Picture = {
    ...base,
    ready: { status: false, reason, message: text },
    available: { status: false, reason: READY_REASON.degraded, message: text },
    state: 'Running',
    dataPlane: keptDataPlane(world.addon.status, starts),
  };
  return stored(world, picture, now, { waitingFor: what, requeueAfterMs: database.retryMs });
}

/** A pod that is stopping is looked at again this often, whether or not anything is heard of it. */
const STOP_AGAIN_MS = 20_000;

export function stopped(
  world: World,
  base: Omit<Picture, 'ready' | 'available' | 'state' | 'dataPlane'>,
  starts: number,
  now: Date,
): Decision {
  const gone = world.pod === undefined;
  const reason = gone ? READY_REASON.stopped : READY_REASON.stopping;
  const message = gone
    ? 'the database is stopped; its volume and Secrets stay'
    : 'the database is being stopped';
  const blocked = base.refusal;
  const picture: Picture = {
    ...base,
    reconciling: !gone,
    ready:
      blocked === undefined
        ? { status: gone, reason, message }
        : { status: false, reason: READY_REASON.blocked, message: blocked.message },
    available: { status: false, reason, message },
    state: gone ? 'Stopped' : 'Running',
    dataPlane: keptDataPlane(world.addon.status, starts),
  };
  const next = gone ? {} : { waitingFor: 'the pod to stop', requeueAfterMs: STOP_AGAIN_MS };
  return withoutMaintenance(world, stored(world, picture, now, next), now);
}

export function paused(world: World, now: Date): Decision {
  const before = world.addon.status;
  const available = before?.conditions?.find(({ type }) => type === 'Available');
  const message = 'influxaddon.dev/paused is set: nothing is changed or repaired until it is removed';
  const picture: Picture = {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.paused, message },
    available: {
      status: available?.status === 'True',
      reason: available?.reason ?? READY_REASON.paused,
      message: available?.message ?? message,
    },
  };
  return withoutMaintenance(world, stored(world, picture, now), now);
}

/** What had begun is not under way any more: it would count as broken, and go on outside its window. */
function withoutMaintenance(world: World, decision: Decision, now: Date): Decision {
  const { status } = decision;
  if (status?.maintenance?.startedAt === undefined) return decision;
  const { startedAt: _, ...maintenance } = status.maintenance;
  const condition = {
    type: 'MaintenancePending',
    status: 'True' as const,
    reason: 'Interrupted',
    message: 'waits until the database is operated again',
    observedGeneration: world.addon.metadata.generation ?? 0,
  };
  const conditions = setCondition(status.conditions ?? [], condition, now.getTime()) as AddonCondition[];
  return { ...decision, status: { ...status, maintenance, conditions } };
}

/**
 * The operator cannot see what there is: that is no reason to say that there is nothing. Told after a while only, since
 * each start of the operator goes through it.
 */
export function powerless(
  world: World,
  { refusal, requeueAfterMs }: Extract<AccessStep, { step: 'Wait' }>,
  now: Date,
): Decision {
  if (refusal === undefined) return { ...idle(), requeueAfterMs, waitingFor: WAITING_FOR_ACCESS };
  const blocked = blockedPicture(world, refusal, undefined, []);
  const before = world.addon.status?.conditions?.find(({ type }) => type === 'Available');
  const { reason, message } = before ?? blocked.available;
  const available = { status: before?.status === 'True', reason, message };
  const picture: Picture = { ...blocked, available };
  return stored(world, picture, now, { requeueAfterMs, waitingFor: WAITING_FOR_ACCESS });
}

export function waiting(world: World, what: string, now: Date): Decision {
  const picture: Picture = {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.provisioning, message: `Waiting for ${what}.` },
    available: { status: false, reason: READY_REASON.provisioning, message: 'there is no database yet' },
    reconciling: true,
  };
  return stored(world, picture, now, { waitingFor: what, requeueAfterMs: 5_000 });
}

/** Something that the rest builds on may not be made or changed: the database goes on as it is, and is not asked. */
export function heldBack(
  world: World,
  {
    facts,
    unimplemented,
    refusal,
  }: { facts: Facts | undefined; unimplemented: readonly string[]; refusal: Refusal | undefined },
  finding: Finding | undefined,
  now: Date,
): Decision {
  const available = world.addon.status?.conditions?.find(({ type }) => type === 'Available');
  const why = refusal ?? finding ?? { reason: STALLED_REASON.rejected, message: 'there is no admin Secret' };
  const blocked = blockedPicture(world, { reason: why.reason, message: why.message }, facts, unimplemented);
  if (available === undefined) return stored(world, blocked, now);
  const ready = world.pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  const status = available.status === 'True' && ready;
  const message = status ? available.message : 'the pod of the database is not ready';
  return stored(world, { ...blocked, available: { ...available, status, message } }, now);
}
