import type { Action, Announcement } from '../decision/action.ts';
import { targetOf } from '../decision/findings.ts';
import { hadData } from '../identity/had-data.ts';
import { EVENT_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';

/** Tells of a child that was changed or deleted behind the operator's back, but not of the first making. */
export function restoredEvents(
  world: World,
  changes: readonly { slot: string; action: Action }[],
): Announcement[] {
  if (!hadData(world)) return [];
  return changes
    .filter(({ slot }) => slot === 'claim' || world.addon.status?.dataPlane?.revision !== undefined)
    .filter(({ action }) => action.do === 'create')
    .map(({ slot, action }) => {
      const what = targetOf(action)?.replace('/', ' ');
      if (slot === 'claim' && hadData(world))
        return {
          type: 'Warning',
          reason: EVENT_REASON.startedEmpty,
          note: `The data is given up, as the annotation start-empty says: the database starts anew on an empty volume, ${what}.`,
        };
      return {
        type: 'Normal',
        reason: EVENT_REASON.childRestored,
        note: `${what} was missing and is made again.`,
      };
    });
}
