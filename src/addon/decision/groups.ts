import * as kinds from '../../kube/objects/kinds.ts';
import type { Action } from './action.ts';

/** Nothing is started from them, and none is made of another; one that stands on another says so itself. */
const INDEPENDENT: readonly string[] = [kinds.Secret, kinds.Service, kinds.NetworkPolicy].map(
  ({ kind }) => kind,
);

/** So many writes of one addon are under way at once at most: fifty users are no flood. */
export const MOST_AT_ONCE = 4;

/**
 * The actions in their order, those together that may be under way at once: objects of their own that are made, and let
 * nobody in. What comes behind a group is done when all of it is.
 */
export function groupsOf(actions: readonly Action[]): Action[][] {
  const groups: Action[][] = [];
  for (const action of actions) {
    const last = groups.at(-1);
    const hasRoom = last !== undefined && last.length < MOST_AT_ONCE && !isBehind(action);
    if (hasRoom && [...last, action].every(isIndependent)) last.push(action);
    else groups.push([action]);
  }
  return groups;
}

function isIndependent(action: Action): boolean {
  return action.do === 'create' && action.opens !== true && INDEPENDENT.includes(action.kind.kind);
}

function isBehind(action: Action): boolean {
  return action.do === 'create' && action.behind === true;
}
