import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { Announcement } from '../decision/action.ts';
import { foundQueries } from '../database/contents/unlisted.ts';
import { isTold } from '../volume/lost.ts';
import { EVENT_REASON, READY_REASON } from '../../api/reasons.ts';

const OF_READY: Readonly<Record<string, Announcement['reason']>> = {
  [READY_REASON.provisioning]: EVENT_REASON.provisioning,
  [READY_REASON.ready]: EVENT_REASON.ready,
  [READY_REASON.degraded]: EVENT_REASON.degraded,
  [READY_REASON.unschedulable]: EVENT_REASON.degraded,
  [READY_REASON.blocked]: EVENT_REASON.blocked,
  [READY_REASON.stopped]: EVENT_REASON.stopped,
  [READY_REASON.deleting]: EVENT_REASON.deleting,
};
const WARNINGS: readonly string[] = [READY_REASON.degraded, READY_REASON.unschedulable, READY_REASON.blocked];

/**
 * One event for each change of the Ready condition's reason or, while blocked, of its message; and one for each
 * beginning and end of maintenance, each change of the address outside the cluster, and each limit that comes near.
 */
export function announcements(
  before: InfluxAddonStatus | undefined,
  after: InfluxAddonStatus,
): Announcement[] {
  return [
    ...ofMaintenance(before?.maintenance, after.maintenance),
    ...foundQueries(before, after),
    ...ofExternal(before?.externalEndpoint, after.externalEndpoint),
    ...ofReady(before, after),
    ...ofLimits(before, after),
  ];
}

const LIMITS: readonly string[] = ['StorageFilling', 'CardinalityHigh', 'MemoryExhausted'];

/** A limit that comes near, and one that is nearer than it was told. */
function ofLimits(before: InfluxAddonStatus | undefined, after: InfluxAddonStatus): Announcement[] {
  return (after.conditions ?? [])
    .filter(({ type, status }) => status === 'True' && LIMITS.includes(type))
    .filter(({ type, reason }) => {
      const old = before?.conditions?.find((each) => each.type === type);
      return old?.status !== 'True' || old.reason !== reason;
    })
    .map(({ type, message }) => ({ type: 'Warning', reason: type, note: message }));
}

function ofMaintenance(
  before: InfluxAddonStatus['maintenance'],
  after: InfluxAddonStatus['maintenance'],
): Announcement[] {
  const what = after?.pending?.map((each) => each.what).join(', ');
  if (before?.startedAt === undefined && after?.startedAt !== undefined)
    return [
      { type: 'Normal', reason: EVENT_REASON.maintenanceStarted, note: `Maintenance begins: ${what}.` },
    ];
  const done = after?.past?.[0];
  if (after?.startedAt !== undefined || done === undefined || done.at === before?.past?.[0]?.at) return [];
  return [
    { type: 'Normal', reason: EVENT_REASON.maintenanceDone, note: `Maintenance is done: ${done.what}.` },
  ];
}

function ofExternal(before: string | undefined, after: string | undefined): Announcement[] {
  if (before === after) return [];
  const note =
    after === undefined
      ? `The database is not reached from outside the cluster any more; it was at ${before}.`
      : `The database is reached from outside the cluster at ${after}.`;
  return [{ type: 'Normal', reason: EVENT_REASON.externalAccess, note }];
}

function ofReady(before: InfluxAddonStatus | undefined, after: InfluxAddonStatus): Announcement[] {
  const old = before?.conditions?.find(({ type }) => type === 'Ready');
  const now = after.conditions?.find(({ type }) => type === 'Ready');
  if (now === undefined) return [];
  const same =
    old?.reason === now.reason && (now.reason !== READY_REASON.blocked || old.message === now.message);
  if (same) return [];
  if (now.reason === READY_REASON.blocked && isTold(after))
    return [{ type: 'Warning', reason: EVENT_REASON.dataLost, note: now.message }];
  const type = WARNINGS.includes(now.reason) ? 'Warning' : 'Normal';
  return [{ type, reason: OF_READY[now.reason] ?? now.reason, note: now.message }];
}
