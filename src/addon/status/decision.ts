import { MAINTENANCE_REASON } from '../../api/reasons.ts';
import type { AddonCondition } from '../../api/influx-addon.ts';
import { setCondition } from '../../kube/objects/conditions.ts';
import { backupHealth } from '../backups/health.ts';
import type { Decision } from '../decision/action.ts';
import type { Outcome, Telling } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import { announcements } from './announcements.ts';
import { renderStatus } from './status.ts';

/** The outcome of a pass as it is carried out: actions, or the status to be stored and when to look again. */
export function decisionOf(scene: Pick<Scene, 'world' | 'now'>, outcome: Outcome): Decision {
  switch (outcome.ends) {
    case 'Act': {
      const { actions, events } = outcome;
      return { actions, status: undefined, events, requeueAfterMs: undefined, waitingFor: undefined };
    }
    case 'Rest': {
      const { status, requeueAfterMs, waitingFor } = outcome;
      const events = status === undefined ? [] : announcements(scene.world.addon.status, status);
      return { actions: [], status, events, requeueAfterMs, waitingFor };
    }
    case 'Tell':
      return told(scene, outcome);
  }
}

function told({ world, now }: Pick<Scene, 'world' | 'now'>, outcome: Telling): Decision {
  const { picture, waitingFor, requeueAfterMs, quietly, interrupts } = outcome;
  const status = renderStatus(world, picture, now);
  if (quietly) return { actions: [], status, events: [], requeueAfterMs, waitingFor };
  const { findings, dryRun } = world.memory;
  const refused = dryRun?.refusal === undefined ? findings : [...findings, dryRun];
  const retries = refused.map(({ untilMs }) => untilMs - now.getTime()).filter((ms) => ms > 0);
  const times = [...retries, requeueAfterMs, backupHealth(world, now).wakeMs].filter(
    (ms): ms is number => ms !== undefined,
  );
  const decision: Decision = {
    actions: [],
    status,
    events: announcements(world.addon.status, status),
    requeueAfterMs: times.length === 0 ? undefined : Math.max(50, Math.min(...times)),
    waitingFor,
  };
  return interrupts ? withoutMaintenance({ world, now }, decision) : decision;
}

function withoutMaintenance({ world, now }: Pick<Scene, 'world' | 'now'>, decision: Decision): Decision {
  const { status } = decision;
  if (status?.maintenance?.startedAt === undefined) return decision;
  const { startedAt: _, ...maintenance } = status.maintenance;
  const condition = {
    type: 'MaintenancePending',
    status: 'True' as const,
    reason: MAINTENANCE_REASON.interrupted,
    message: 'waits until the database is operated again',
    observedGeneration: world.addon.metadata.generation ?? 0,
  };
  const conditions = setCondition(status.conditions ?? [], condition, now.getTime()) as AddonCondition[];
  return { ...decision, status: { ...status, maintenance, conditions } };
}
