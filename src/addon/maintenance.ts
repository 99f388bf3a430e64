import { maintenanceWindowOf, stateOf } from '../api/addon-defaults.ts';
import type { InfluxAddon, InfluxAddonStatus } from '../api/influx-addon.ts';
import { setCondition } from '../kube/conditions.ts';
import type { Live } from '../kube/types.ts';
import { aheadOf, countFleet, type FleetCount, type FleetLimits } from '../maintenance/fleet.ts';
import { remember } from '../maintenance/history.ts';
import { isAsked, mayRunNow, type Permission } from '../maintenance/may-run.ts';
import { newestPatch } from '../maintenance/newest-patch.ts';
import { pendingOf, type Pending } from '../maintenance/pending.ts';
import { usableWindow, windowInWords } from '../maintenance/window.ts';
import { inspect } from '../tls/inspect.ts';
import { restartForLeaf } from '../tls/renewal.ts';
import { decode, type Facts, type InForce } from './facts.ts';
import { mayBegin, memberOf, NEEDS_MINUTES, tokenOf } from './fleet.ts';
import { ANNOTATION } from './names.ts';
import type { BuildContext } from './resources/context.ts';
import { renderedFor, templateHashes } from './resources/stateful-set.ts';
import type { World } from './world.ts';

/** What the platform's flags say about maintenance of the whole fleet. */
export interface MaintenanceSettings {
  /** Databases in maintenance at once. */
  readonly maxAtOnce: number;
  /** Databases that have not come back from it until no further one begins. */
  readonly maxFailures: number;
  /** Nothing begins anywhere. */
  readonly freeze: boolean;
}

export const DEFAULT_MAINTENANCE: MaintenanceSettings = { maxAtOnce: 3, maxFailures: 2, freeze: false };

/** A database that is not back after so long is one that maintenance has broken. */
const PATIENCE_MINUTES = 30;
/** A restart did not bring the new certificate: another one at once would not either. */
const CERTIFICATE_AGAIN_MS = 60 * 60_000;

export interface TakenIn {
  readonly target: InForce;
  /** The pod is started anyway: it is made as this operator makes it. */
  readonly renewTemplate: boolean;
}

/**
 * What the addon is to run with: what its spec asks for and, when the database is stopped for a change of the spec or
 * maintenance of it has begun, also what the platform wants. All of it costs one stop.
 *
 * @param wish from resolveTarget: what the spec asks for, with the catalogue's entries as they were when chosen
 */
export function takeIn(world: World, facts: Pick<Facts, 'inForce'>, wish: InForce, now: Date): TakenIn {
  const { addon, plan } = world;
  const current = facts.inForce;
  if (current === undefined) return { target: wish, renewTemplate: false };
  const { maintainedAt, restartedAt } = current;
  const kept = { ...wish, ...marks(maintainedAt, restartedAt) };
  const starts = isStart(world);
  const began = beganAt(addon, current);
  if (began === undefined && ((!starts && !isChange(world, current, wish)) || isHalted(world, now)))
    return { target: kept, renewTemplate: false };
  const patch = newestPatch(addon.spec.version, wish.version.name, world.versions);
  const version = world.versions.find(({ name }) => name === patch);
  const restarts = began !== undefined && isListed(addon, 'certificate');
  return {
    target: {
      ...kept,
      ...(plan === undefined ? {} : { plan: { name: wish.plan.name, spec: plan.spec } }),
      ...(version === undefined ? {} : { version: { name: version.name, image: version.image } }),
      ...marks(began ?? maintainedAt, restarts ? began : restartedAt),
    },
    renewTemplate: starts,
  };
}

/** The status that says that maintenance begins now, which is what begins it; undefined while it is not its time. */
export function beginning(world: World, now: Date): InfluxAddonStatus | undefined {
  const { addon } = world;
  const { status } = addon;
  const { startedAt, pending = [] } = status?.maintenance ?? {};
  if (status === undefined || startedAt !== undefined || pending.length === 0 || !mayBegin(addon))
    return undefined;
  if (!permissionOf(world, deadlineOf(world, now), now).run) return undefined;
  const token = tokenOf(addon);
  const condition = {
    type: 'MaintenancePending',
    status: 'True' as const,
    reason: 'Running',
    message: `${inWords(pending)}: under way since ${rfc3339(now)}`,
    observedGeneration: addon.metadata.generation ?? 0,
  };
  return {
    ...status,
    maintenance: { ...status.maintenance, startedAt: now.toISOString() },
    ...(token === undefined ? {} : { lastHandled: { ...status.lastHandled, maintainNow: token } }),
    conditions: [...setCondition(status.conditions ?? [], condition, now.getTime())] as NonNullable<
      InfluxAddonStatus['conditions']
    >,
  };
}

export interface MaintenanceOutcome {
  readonly status: NonNullable<InfluxAddonStatus['maintenance']>;
  readonly lastHandled: InfluxAddonStatus['lastHandled'];
  readonly condition: { readonly status: boolean; readonly reason: string; readonly message: string };
  /** Look again after so many milliseconds: a window opens, or somebody else's maintenance may have ended. */
  readonly wakeMs: number | undefined;
}

/**
 * What status says about maintenance of a database that answers with what is in force. What had begun has ended.
 * `next` is there only while something waits: otherwise every addon would be written to once a week.
 *
 * @param blocked nothing begins until a user has mended something
 */
export function maintenanceOf(
  world: World,
  context: BuildContext,
  blocked: boolean,
  now: Date,
): MaintenanceOutcome {
  const { addon } = world;
  const { lastHandled, maintenance: before } = addon.status ?? {};
  const window = maintenanceWindowOf(addon);
  const pending = platformWishes(world, context, now);
  const token = tokenOf(addon);
  const past = pastOf(before, context.target, now);
  const status = { window: windowInWords(window), ...(past.length === 0 ? {} : { past }) };
  if (pending.length === 0) {
    // Nothing was left to do: the token has been acted on all the same.
    const handled =
      token !== undefined && isAsked(token, lastHandled?.maintainNow)
        ? { ...lastHandled, maintainNow: token }
        : lastHandled;
    const condition = { status: false, reason: 'NothingPending', message: '' };
    return { status, lastHandled: handled, condition, wakeMs: undefined };
  }
  const permission = permissionOf(world, deadlineAfter(world, pending, now), now);
  const { reason, message, until } = blocked
    ? { reason: 'Blocked', message: 'waits until the spec can be followed', until: undefined }
    : permission.run
      ? { reason: 'Due', message: 'begins now', until: new Date(now.getTime() + SOON_MS) }
      : permission;
  return {
    status: {
      ...status,
      next: rfc3339(usableWindow(window, now, NEEDS_MINUTES).start),
      pending: pending.map(({ what, since }) => ({ what, since })),
    },
    lastHandled,
    condition: { status: true, reason, message: `${inWords(pending)}: ${message}` },
    wakeMs: until === undefined ? undefined : Math.max(SOON_MS, until.getTime() - now.getTime()),
  };
}

const SOON_MS = 200;

function platformWishes(world: World, context: BuildContext, now: Date): Pending[] {
  const { addon, plan, versions } = world;
  const { target } = context;
  const wishes = {
    version: { wanted: addon.spec.version, inForce: target.version.name, catalogue: versions },
    plan: {
      name: target.plan.name,
      inForce: target.plan.spec,
      catalogue: addon.spec.plan === target.plan.name ? plan?.spec : undefined,
    },
    template: templateHashes(context),
    certificate: certificateRestart(world),
  };
  return pendingOf(wishes, addon.status?.maintenance?.pending ?? [], now);
}

/** Whether the database shows another certificate than the one in its Secret. */
function certificateRestart({ memory, children }: World): { readonly latest: Date } | undefined {
  const answer = memory.database?.answer;
  if (answer?.ok !== true || answer.certificate === undefined) return undefined;
  const stored = inspect({ certPem: decode(children.tlsSecret)['tls.crt'] ?? '' });
  return typeof stored === 'string' ? undefined : restartForLeaf(answer.certificate, stored.leaf);
}

function permissionOf(world: World, deadline: Date | undefined, now: Date): Permission {
  const { addon, fleet, settings } = world;
  const { maxAtOnce, maxFailures, freeze } = settings.maintenance ?? DEFAULT_MAINTENANCE;
  const limits: FleetLimits = { maxAtOnce, maxFailures, patienceMinutes: PATIENCE_MINUTES };
  const request = {
    window: maintenanceWindowOf(addon),
    now,
    needsMinutes: NEEDS_MINUTES,
    maintainNow: tokenOf(addon),
    lastHandled: addon.status?.lastHandled?.maintainNow,
    deadline,
    freeze,
    limits,
  };
  const alone = mayRunNow({ ...request, fleet: { running: 0, failures: 0, ahead: 0 } });
  // Most wait for their window: the others need not be looked at for that.
  if (!alone.run) return alone;
  const members = fleet.map((each) => memberOf(each, now));
  const ahead = aheadOf(members, memberOf(addon, now));
  return mayRunNow({ ...request, fleet: { ...countFleet(members, limits, now), ahead } });
}

function countOf(world: World, limits: FleetLimits, now: Date): FleetCount {
  return countFleet(
    world.fleet.map((each) => memberOf(each, now)),
    limits,
    now,
  );
}

/** A change of the spec does not take along what the platform holds back from everybody. */
function isHalted(world: World, now: Date): boolean {
  const { maxAtOnce, maxFailures, freeze } = world.settings.maintenance ?? DEFAULT_MAINTENANCE;
  const limits: FleetLimits = { maxAtOnce, maxFailures, patienceMinutes: PATIENCE_MINUTES };
  return freeze || countOf(world, limits, now).failures >= Math.max(maxFailures, 1);
}

function deadlineOf(world: World, now: Date): Date | undefined {
  return isListed(world.addon, 'certificate')
    ? endOfWait(world, certificateRestart(world)?.latest, now)
    : undefined;
}

function deadlineAfter(world: World, pending: readonly Pending[], now: Date): Date | undefined {
  return endOfWait(world, pending.find(({ latest }) => latest !== undefined)?.latest, now);
}

function endOfWait({ addon }: World, latest: Date | undefined, now: Date): Date | undefined {
  const last = Date.parse(addon.status?.maintenance?.past?.[0]?.at ?? '');
  return now.getTime() - last < CERTIFICATE_AGAIN_MS ? undefined : latest;
}

/** When maintenance began whose wishes are not in force yet. */
function beganAt({ status }: Live<InfluxAddon>, current: InForce): string | undefined {
  const startedAt = status?.maintenance?.startedAt;
  return startedAt === current.maintainedAt ? undefined : startedAt;
}

/** The database is started after it was stopped by its spec. */
function isStart({ addon, children }: World): boolean {
  return children.statefulSet?.spec?.replicas === 0 && stateOf(addon) === 'Running';
}

/** The spec asks for something else than what is in force, so that the database will be stopped. */
function isChange({ addon, children }: World, current: InForce, wish: InForce): boolean {
  if (current.plan.name !== wish.plan.name || current.version.name !== wish.version.name) return true;
  if (current.tls !== wish.tls || current.certificate?.trust !== wish.certificate?.trust) return true;
  const rendered = children.statefulSet?.metadata.annotations?.[ANNOTATION.renderedFor];
  return rendered !== undefined && rendered !== renderedFor({ addon, target: current });
}

function pastOf(
  before: InfluxAddonStatus['maintenance'],
  target: InForce,
  now: Date,
): NonNullable<NonNullable<InfluxAddonStatus['maintenance']>['past']> {
  const { startedAt, pending = [], past = [] } = before ?? {};
  if (startedAt === undefined || startedAt !== target.maintainedAt) return past;
  // A version that could not be had, and was taken back by an edit of the spec, has not been brought.
  const done = pending.filter(
    ({ what }) => !what.startsWith('version ') || what === `version ${target.version.name}`,
  );
  return done.length === 0 ? past : remember(past, { at: rfc3339(now), what: inWords(done).slice(0, 253) });
}

function isListed({ status }: Live<InfluxAddon>, kind: Pending['kind']): boolean {
  return status?.maintenance?.pending?.some(({ what }) => what.startsWith(`${kind} `)) ?? false;
}

function marks(maintainedAt: string | undefined, restartedAt: string | undefined) {
  return {
    ...(maintainedAt === undefined ? {} : { maintainedAt }),
    ...(restartedAt === undefined ? {} : { restartedAt }),
  };
}

function inWords(pending: readonly { readonly what: string }[]): string {
  return pending.map(({ what }) => what).join(', ');
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
