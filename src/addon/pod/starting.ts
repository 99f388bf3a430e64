import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import { kindOf } from '../../maintenance/pending.ts';
import type { InForce } from '../world/facts.ts';
import { READY_REASON, type ReadyReason } from '../../api/reasons.ts';

/**
 * How often the database was started after `Stopped`: its apps are restarted after each. One whose pod was still there
 * when it was wanted again had been told to stop, too.
 */
export function startsOf(status: InfluxAddonStatus | undefined, wanted: 'Running' | 'Stopped'): number {
  const before = status?.dataPlane?.starts ?? 0;
  const stopped = status?.state === 'Stopped' || status?.dataPlane?.stopping === true;
  return stopped && wanted === 'Running' ? before + 1 : before;
}

/** What status keeps of the data plane while it is not verified. */
export function keptDataPlane(
  status: InfluxAddonStatus | undefined,
  starts: number,
): InfluxAddonStatus['dataPlane'] {
  if (status?.dataPlane === undefined && starts === 0) return undefined;
  const { stopping: _, ...kept } = status?.dataPlane ?? {};
  return { ...kept, starts };
}

/** Why a database that is not up yet is not: what is being changed, or that it failed. */
export function startingReason(
  status: InfluxAddonStatus | undefined,
  target: InForce,
  revision: string,
): ReadyReason {
  if (status?.dataPlane?.revision === undefined) return READY_REASON.provisioning;
  if (status.dataPlane.revision === revision) return READY_REASON.degraded;
  if (status.version !== target.version.name) return READY_REASON.upgrading;
  if (status.storage?.claim !== target.claim) return READY_REASON.restoring;
  if (status.plan !== target.plan.name) return READY_REASON.changingPlan;
  if (status.endpoint?.startsWith('https:') !== (target.tls === 'Required')) return READY_REASON.switchingTls;
  if (target.external !== undefined && status.externalEndpoint === undefined)
    return READY_REASON.switchingTls;
  if (status.maintenance?.startedAt !== undefined) {
    const plan = status.maintenance.pending?.some(({ what }) => kindOf(what) === 'plan') ?? false;
    return plan ? READY_REASON.changingPlan : READY_REASON.upgrading;
  }
  return READY_REASON.provisioning;
}

export function startingMessage(reason: ReadyReason, status?: InfluxAddonStatus): string {
  if (status?.maintenance?.startedAt !== undefined) return 'The database is being restarted for maintenance.';
  switch (reason) {
    case READY_REASON.upgrading:
      return 'The database is being restarted with another version.';
    case READY_REASON.restoring:
      return 'The database is being started on the restored volume.';
    case READY_REASON.changingPlan:
      return 'The database is being restarted with another plan.';
    case READY_REASON.switchingTls:
      return 'The database is being restarted with TLS switched on or off, or with a certificate for other names.';
    case READY_REASON.degraded:
      return 'The database is being restarted.';
    default:
      return 'The database is being started.';
  }
}
