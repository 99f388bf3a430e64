import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import { READY_REASON } from '../../api/reasons.ts';
import type { Announcement } from '../decision/action.ts';
import { acting, telling, type Outcome } from '../decision/outcome.ts';
import type { BasePicture } from '../decision/picture.ts';
import type { Scene } from '../decision/story.ts';
import { restartPod } from './restart.ts';
import { keptDataPlane, startingMessage } from './starting.ts';

/*
 * Some faults are healed by a start of the pod. When that does not heal them, another start would not either, and each
 * takes the database away from apps that it may well serve: so it is remembered in status, where it outlives the pod
 * and this process, before it is done.
 */

const MINUTE_MS = 60_000;

/** How long after one such restart, the next and all further ones, another may come for this fault. */
const WAITS_MS = {
  Administrator: [60 * MINUTE_MS],
  Certificate: [15 * MINUTE_MS, 60 * MINUTE_MS],
} as const;

export type Fault = keyof typeof WAITS_MS;

/** Restarts farther apart than this have nothing to do with each other. */
const SERIES_MS = 2 * 60 * MINUTE_MS;

/** What was announced and not done for this long is announced again. */
const ANNOUNCED_MS = 5 * MINUTE_MS;

type Healing = NonNullable<NonNullable<InfluxAddonStatus['dataPlane']>['healing']>;

/** Restarts the pod for its fault, once status says so; undefined while it is too early for another restart. */
export function heal(
  { world, base, starts, now }: Scene & { readonly base: BasePicture; readonly starts: number },
  { fault, why, event }: { readonly fault: Fault; readonly why: string; readonly event: Announcement },
): Outcome | undefined {
  const { status } = world.addon;
  const pod = world.pod?.metadata.uid ?? '';
  const last = status?.dataPlane?.healing;
  const sinceMs = last === undefined ? undefined : now.getTime() - Date.parse(last.at);
  if (last?.pod === pod && sinceMs !== undefined && sinceMs < ANNOUNCED_MS)
    return acting([restartPod(world, why)], [event]);
  if (last !== undefined && sinceMs !== undefined && sinceMs >= 0 && sinceMs < waitAfter(last, fault))
    return undefined;
  const times = last !== undefined && sinceMs !== undefined && sinceMs < SERIES_MS ? last.times + 1 : 1;
  // The words of a pod that is gone for a moment: what comes after this needs no write of its own.
  const message = base.refusal?.message ?? startingMessage(READY_REASON.degraded, status);
  const reason = base.refusal === undefined ? READY_REASON.degraded : READY_REASON.blocked;
  return telling(
    {
      ...base,
      ready: { status: false, reason, message },
      available: { status: false, reason: READY_REASON.degraded, message },
      state: 'Running',
      dataPlane: {
        ...(keptDataPlane(status, starts) ?? { starts }),
        healing: { pod, at: now.toISOString(), times },
      },
    },
    { requeueAfterMs: 50 },
  );
}

/** That a restart did not heal it, or not for long; empty when there was none lately. */
export function healedInVain(status: InfluxAddonStatus | undefined, fault: Fault, now: Date): string {
  const last = status?.dataPlane?.healing;
  if (last === undefined) return '';
  const againMs = Date.parse(last.at) + waitAfter(last, fault);
  if (now.getTime() >= againMs) return '';
  const again = new Date(againMs).toISOString();
  return `; the pod was restarted for that at ${last.at}, and is restarted again not before ${again}`;
}

function waitAfter({ times }: Healing, fault: Fault): number {
  const waits = WAITS_MS[fault];
  return waits[Math.min(times, waits.length) - 1] ?? waits[0];
}
