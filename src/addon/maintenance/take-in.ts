import { maintenanceWindowOf, stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { setCondition } from '../../kube/objects/conditions.ts';
import type { Live } from '../../kube/objects/types.ts';
import { remember } from '../../maintenance/history.ts';
import { isAsked, mayRunNow, type Permission } from '../../maintenance/may-run.ts';
import { NEEDS_MINUTES } from '../../maintenance/fleet.ts';
import { newestPatch } from '../../maintenance/newest-patch.ts';
import { kindOf, type Pending } from '../../maintenance/pending.ts';
import { usableWindow, windowInWords } from '../../maintenance/window.ts';
import { authorityOf } from '../tls/follow.ts';
import { agentOf } from '../backups/agent.ts';
import { holdForBackup, type Hold } from '../backups/before-upgrade.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { deadlineOf, latestOf, mayBegin, tokenOf } from './fleet.ts';
import { DEFAULT_MAINTENANCE, limitsOf } from '../../maintenance/settings.ts';
import { ANNOTATION } from '../world/names.ts';
import { leavingClaim } from '../volume/leaving.ts';
import { isStartedFor } from '../access/in-force.ts';
import type { BuildContext } from '../children/context.ts';
import { renderedFor } from '../children/stateful-set.ts';
import { platformWishes } from './wishes.ts';
import type { World } from '../world/world.ts';

export interface TakenIn {
  readonly target: InForce;
  /** The pod is started anyway: it is made as this operator makes it. */
  readonly renewTemplate: boolean;
}

/**
 * What the addon is to run with: what its spec asks for and, when the database is stopped for a change of the spec or
 * maintenance of it has begun, also what the platform wants. All of it costs one stop.
 *
 * @param wish from resolveTarget: what the spec asks for, with the catalogue's entries as they were when chosen;
 *   undefined for a spec that cannot be followed, whose database gets what cannot wait and nothing else
 * @param patches whether a newer patch that nobody asked for comes along
 * @returns undefined when there is nothing to run with
 */
export function takeIn(
  world: World,
  facts: Pick<Facts, 'inForce'>,
  wish: InForce | undefined,
  now: Date,
  patches = true,
): TakenIn | undefined {
  const { addon, plan, trust } = world;
  const current = facts.inForce;
  if (current === undefined)
    return (
      wish && { target: { ...wish, ...authorityOf(wish, undefined, trust, true) }, renewTemplate: false }
    );
  const { maintainedAt, restartedAt } = current;
  const began = beganAt(addon, current);
  const restarted = began !== undefined && isListed(addon, 'certificate') ? began : restartedAt;
  if (wish === undefined) {
    const overdue = (deadlineOf(addon) ?? now) < now;
    return {
      target: overdue ? { ...current, ...marks(began ?? maintainedAt, restarted) } : current,
      renewTemplate: false,
    };
  }
  const starts = isStart(world);
  if (began === undefined && ((!starts && !isChange(world, current, wish)) || isHalted(world))) {
    const { external } = isStartedFor(current, wish) ? current : wish;
    const target = {
      ...wish,
      ...(external === undefined || wish.tls !== 'Required' ? {} : { external }),
      ...authorityOf(wish, current, trust, false),
      ...marks(maintainedAt, restartedAt),
    };
    return { target, renewTemplate: false };
  }
  const patch = patches ? newestPatch(addon.spec.version, wish.version.name, world.versions) : undefined;
  const version = world.versions.find(({ name }) => name === patch);
  return {
    target: {
      // What is stopped anyway is started for what is wanted now, and for nothing that was wanted earlier.
      ...wish,
      ...(plan === undefined ? {} : { plan: { name: wish.plan.name, spec: plan.spec } }),
      ...(version === undefined ? {} : { version: { name: version.name, image: version.image } }),
      ...agentOf(world, undefined),
      ...authorityOf(wish, current, trust, true),
      ...marks(began ?? maintainedAt, restarted),
    },
    renewTemplate: starts,
  };
}

/** The status that says that maintenance begins now, which is what begins it; undefined while it is not its time. */
export function beginning(world: World, now: Date): InfluxAddonStatus | undefined {
  const { addon } = world;
  const { status } = addon;
  const { startedAt, pending = [] } = status?.maintenance ?? {};
  if (status === undefined || startedAt !== undefined || pending.length === 0 || !mayBegin(addon, now))
    return undefined;
  if (!permissionOf(world, deadlineOf(addon), now).run) return undefined;
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
  const past = pastOf(before, context.target, blocked, now);
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
  const urgent = blocked ? pending.filter(({ kind }) => kind === 'certificate') : pending;
  const deadline = latestOf(
    urgent.map(({ latest }) => latest),
    past[0]?.at,
  );
  const permitted = permissionOf(world, deadline, now);
  const hold = permitted.run ? backupBeforeMaintenance(world, context.facts, now) : undefined;
  const permission =
    hold === undefined || hold.action !== undefined
      ? permitted
      : waitsForBackup(hold.refusal.message, hold.wakeMs, now);
  // A deadline, too: it is the pod that would be ended.
  const isHeld = leavingClaim(world) !== undefined;
  const { reason, message, until } = isHeld
    ? { reason: 'Blocked', message: 'waits while the volume claim is being deleted', until: undefined }
    : blocked && !(permission.run && permission.because === 'Deadline')
      ? { reason: 'Blocked', message: 'waits until the spec can be followed', until: deadline }
      : permission.run
        ? { reason: 'Due', message: 'begins now', until: new Date(now.getTime() + SOON_MS) }
        : permission;
  return {
    status: {
      ...status,
      next: rfc3339(usableWindow(window, now, NEEDS_MINUTES).start),
      pending: pending.map(({ what, since, latest }) =>
        latest === undefined ? { what, since } : { what, since, latest: rfc3339(latest) },
      ),
    },
    lastHandled,
    condition: { status: true, reason, message: `${inWords(pending)}: ${message}` },
    wakeMs: until === undefined ? undefined : Math.max(SOON_MS, until.getTime() - now.getTime()),
  };
}

/** What a new version that waits for maintenance needs before that begins. */
export function backupBeforeMaintenance(
  world: World,
  facts: Pick<Facts, 'inForce' | 'openedBy'>,
  now: Date,
): Hold | undefined {
  const pending = world.addon.status?.maintenance?.pending ?? [];
  // A certificate that ends waits for nothing.
  if (pending.some(({ latest }) => latest !== undefined && Date.parse(latest) <= now.getTime()))
    return undefined;
  const waits = pending.find(({ what }) => what.startsWith('version '));
  return waits && holdForBackup(world, facts, waits.what.slice('version '.length), now);
}

function waitsForBackup(message: string, wakeMs: number | undefined, now: Date) {
  const until = wakeMs === undefined ? undefined : new Date(now.getTime() + wakeMs);
  return { run: false as const, reason: 'AwaitingBackup', message, until };
}

const SOON_MS = 200;

function permissionOf(world: World, deadline: Date | undefined, now: Date): Permission {
  const { addon, fleet, settings } = world;
  return mayRunNow({
    window: maintenanceWindowOf(addon),
    now,
    needsMinutes: NEEDS_MINUTES,
    maintainNow: tokenOf(addon),
    lastHandled: addon.status?.lastHandled?.maintainNow,
    deadline,
    freeze: (settings.maintenance ?? DEFAULT_MAINTENANCE).freeze,
    limits: limitsOf(settings.maintenance),
    fleet,
  });
}

/** A change of the spec does not take along what the platform holds back from everybody. */
function isHalted({ fleet, settings }: World): boolean {
  const { maxFailures, freeze } = settings.maintenance ?? DEFAULT_MAINTENANCE;
  return freeze || fleet.failures >= Math.max(maxFailures, 1);
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
  if (!isStartedFor(current, wish)) return true;
  if (current.agent?.image !== wish.agent?.image) return true;
  const rendered = children.statefulSet?.metadata.annotations?.[ANNOTATION.renderedFor];
  return rendered !== undefined && rendered !== renderedFor({ addon, target: current });
}

function pastOf(
  before: InfluxAddonStatus['maintenance'],
  target: InForce,
  blocked: boolean,
  now: Date,
): NonNullable<NonNullable<InfluxAddonStatus['maintenance']>['past']> {
  const { startedAt, pending = [], past = [] } = before ?? {};
  if (startedAt === undefined || startedAt !== target.maintainedAt) return past;
  // A version that could not be had, and was taken back by an edit of the spec, has not been brought; nor has anything
  // that could wait to an addon whose spec cannot be followed.
  const done = pending.filter(({ what }) =>
    blocked
      ? kindOf(what) === 'certificate'
      : kindOf(what) !== 'version' || what === `version ${target.version.name}`,
  );
  return done.length === 0 ? past : remember(past, { at: rfc3339(now), what: inWords(done).slice(0, 253) });
}

function isListed({ status }: Live<InfluxAddon>, kind: Pending['kind']): boolean {
  return status?.maintenance?.pending?.some(({ what }) => kindOf(what) === kind) ?? false;
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
