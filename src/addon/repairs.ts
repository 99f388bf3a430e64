import * as kinds from '../kube/kinds.ts';
import type { Action, Announcement } from './action.ts';
import { targetOf } from './findings.ts';
import { EVENT_REASON } from './reasons.ts';
import type { World } from './world.ts';

/** Tells of a child that was changed or deleted behind the operator's back, but not of the first making. */
export function restoredEvents(
  world: World,
  changes: readonly { slot: string; action: Action }[],
): Announcement[] {
  if (world.addon.status?.dataPlane?.revision === undefined) return [];
  return changes
    .filter(({ action }) => action.do === 'create')
    .map(({ action }) => ({
      type: 'Normal',
      reason: EVENT_REASON.childRestored,
      note: `${targetOf(action)?.replace('/', ' ')} was missing and is made again.`,
    }));
}

/** Tells of statements that brought a running database back to what it should hold. */
export function repairedEvents(world: World, action: Action): Announcement[] {
  if (action.do !== 'changeDatabase' || world.addon.status?.dataPlane?.revision === undefined) return [];
  const what = action.steps.map((step) => step.what).join(', ');
  return [
    {
      type: 'Normal',
      reason: EVENT_REASON.databaseRepaired,
      note: `The database was not as it should be and is repaired: ${what}.`,
    },
  ];
}

export const ADMINISTRATOR_LOST: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.administratorLost,
  note: 'The administrator cannot log in to the database: the pod is restarted, which heals it.',
};

/** The next start of the pod heals the administrator. */
export function restartPod(world: World): Action {
  const { name, namespace, uid, resourceVersion } = world.pod?.metadata ?? {
    name: '',
    uid: '',
    resourceVersion: '',
  };
  return {
    do: 'delete',
    kind: kinds.Pod,
    key: { name, namespace: namespace ?? '' },
    uid,
    resourceVersion,
    why: 'the administrator cannot log in',
  };
}
