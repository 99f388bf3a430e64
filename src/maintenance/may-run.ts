import { MAINTENANCE_REASON, type MaintenanceReason } from '../api/reasons.ts';
import { rfc3339 } from '../api/time.ts';
import { NEEDS_MINUTES, type FleetLimits, type FleetPlace } from './fleet.ts';
import { usableWindow, windowAt, type Window } from './window.ts';

/** Whether what is pending may begin now. The message is for status; `until` is when to look again, where it is known. */
export type Permission =
  | { readonly run: true; readonly because: 'Asked' | 'Window' | 'Deadline' }
  | {
      readonly run: false;
      readonly reason: MaintenanceReason;
      readonly until: Date | undefined;
      readonly message: string;
    };

export interface PermissionRequest {
  readonly window: Window;
  readonly now: Date;
  /** How long the work may take at worst; default 15. */
  readonly needsMinutes?: number;
  /** The annotation `influxaddon.dev/maintain-now`, and what `status.lastHandled` says of it. */
  readonly maintainNow: string | undefined;
  readonly lastHandled: string | undefined;
  /** From the pending items: when the first of them can wait no longer for a window. */
  readonly deadline?: Date | undefined;
  /** The platform's own switch: nothing begins anywhere. */
  readonly freeze: boolean;
  readonly fleet: FleetPlace;
  readonly limits: FleetLimits;
}

/**
 * Decides whether maintenance may begin. Only the beginning is asked for: what has begun is brought to its end, also
 * past the end of the window and through a freeze.
 *
 * A new token stands for a person who wants this one database done now: it overrides the window, and the stop after
 * failures, which is also how it is found out whether what made them fail is mended. It does not override a freeze, nor
 * the number at once, which only delays. A deadline overrides all of them: a certificate that ends waits for nobody.
 */
export function mayRunNow(request: PermissionRequest): Permission {
  const { window, now, needsMinutes = NEEDS_MINUTES, freeze, fleet, limits } = request;
  const asked = isAsked(request.maintainNow, request.lastHandled);
  const overdue = request.deadline !== undefined && request.deadline <= now;
  if (overdue) return { run: true, because: asked ? 'Asked' : 'Deadline' };
  if (freeze)
    return wait(MAINTENANCE_REASON.frozen, request.deadline, 'maintenance is frozen for all databases');
  if (!asked) {
    const usable = usableWindow(window, now, needsMinutes);
    if (!usable.open) {
      const reason =
        windowAt(window, now) === undefined
          ? MAINTENANCE_REASON.outsideWindow
          : MAINTENANCE_REASON.tooLittleTimeLeft;
      const until = earliest(usable.start, request.deadline);
      return wait(reason, until, `waits for the maintenance window of ${rfc3339(usable.start)}`);
    }
    if (fleet.failures >= Math.max(limits.maxFailures, 1)) {
      const broken = fleet.failures === 1 ? '1 database has' : `${fleet.failures} databases have`;
      return wait(
        MAINTENANCE_REASON.fleetStopped,
        request.deadline,
        `maintenance of all databases has stopped: ${broken} not come back from it; mend or delete what is broken, or ask for this one with the annotation influxaddon.dev/maintain-now`,
      );
    }
  }
  const places = Math.max(limits.maxAtOnce, 1);
  if (fleet.running + fleet.ahead >= places) {
    const rounds = 1 + Math.floor(fleet.ahead / places);
    const again = new Date(now.getTime() + Math.min(rounds * LOOK_AGAIN_MS, LOOK_AGAIN_LATEST_MS));
    const until = earliest(again, request.deadline);
    // Without numbers: each would be a write to the status of everybody who waits.
    return wait(
      MAINTENANCE_REASON.fleetBusy,
      until,
      'waits for its turn: others are in maintenance or come first',
    );
  }
  return { run: true, because: asked ? 'Asked' : 'Window' };
}

/** Whether the annotation holds a token that was not acted on yet. */
export function isAsked(maintainNow: string | undefined, lastHandled: string | undefined): boolean {
  return maintainNow !== undefined && maintainNow !== '' && maintainNow !== lastHandled;
}

/** For a place that nobody told of: the first in the queue look often, those far behind seldom. */
const LOOK_AGAIN_MS = 30_000;
const LOOK_AGAIN_LATEST_MS = 15 * 60_000;

function wait(
  reason: Exclude<Permission, { run: true }>['reason'],
  until: Date | undefined,
  message: string,
): Permission {
  return { run: false, reason, until, message };
}

function earliest(a: Date, b: Date | undefined): Date {
  return b !== undefined && b < a ? b : a;
}
