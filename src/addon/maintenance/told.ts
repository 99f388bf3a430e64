import { MAINTENANCE_REASON } from '../../api/reasons.ts';
import { rfc3339 } from '../../api/time.ts';
import { inWords } from '../../maintenance/pending.ts';
import { permissionOf, backupBeforeMaintenance } from './permission.ts';
import { maintenanceWindowOf } from '../../api/addon-defaults.ts';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import { remember } from '../../maintenance/history.ts';
import { isAsked } from '../../maintenance/may-run.ts';
import { NEEDS_MINUTES } from '../../maintenance/fleet.ts';
import { kindOf, type Pending } from '../../maintenance/pending.ts';
import { usableWindow, windowInWords } from '../../maintenance/window.ts';
import type { InForce } from '../world/facts.ts';
import { latestOf, tokenOf } from './fleet.ts';
import { leavingClaim } from '../volume/leaving.ts';
import type { BuildContext } from '../children/context.ts';
import { platformWishes } from './wishes.ts';
import type { World } from '../world/world.ts';

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
  const past = pastOf(before, context.target, blocked, now, pending);
  const status = { window: windowInWords(window), ...(past.length === 0 ? {} : { past }) };
  if (pending.length === 0) {
    // Nothing was left to do: the token has been acted on all the same.
    const handled =
      token !== undefined && isAsked(token, lastHandled?.maintainNow)
        ? { ...lastHandled, maintainNow: token }
        : lastHandled;
    const condition = { status: false, reason: MAINTENANCE_REASON.nothingPending, message: '' };
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
    ? {
        reason: MAINTENANCE_REASON.blocked,
        message: 'waits while the volume claim is being deleted',
        until: undefined,
      }
    : blocked && !(permission.run && permission.because === 'Deadline')
      ? {
          reason: MAINTENANCE_REASON.blocked,
          message: 'waits until the spec can be followed',
          until: deadline,
        }
      : permission.run
        ? { reason: MAINTENANCE_REASON.due, message: 'begins now', until: new Date(now.getTime() + SOON_MS) }
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

function waitsForBackup(message: string, wakeMs: number | undefined, now: Date) {
  const until = wakeMs === undefined ? undefined : new Date(now.getTime() + wakeMs);
  return { run: false as const, reason: MAINTENANCE_REASON.awaitingBackup, message, until };
}

export const SOON_MS = 200;

function pastOf(
  before: InfluxAddonStatus['maintenance'],
  target: InForce,
  blocked: boolean,
  now: Date,
  waiting: readonly Pending[],
): NonNullable<NonNullable<InfluxAddonStatus['maintenance']>['past']> {
  const { startedAt, pending = [], past = [] } = before ?? {};
  if (startedAt === undefined || startedAt !== target.maintainedAt) return past;
  // A version that could not be had, and was taken back by an edit of the spec, has not been brought; nor has anything
  // that could wait to an addon whose spec cannot be followed, or while all is held back.
  const done = pending.filter(({ what }) => {
    const kind = kindOf(what);
    if (blocked || kind === 'certificate') return kind === 'certificate';
    if (kind === 'plan' || kind === 'template') return !waiting.some((each) => each.what === what);
    return kind !== 'version' || what === `version ${target.version.name}`;
  });
  return done.length === 0 ? past : remember(past, { at: rfc3339(now), what: inWords(done).slice(0, 253) });
}
