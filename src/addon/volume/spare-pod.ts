import type { Action, Decision } from '../decision/action.ts';
import { endsPod, leavingClaim } from './leaving.ts';
import { heldBack } from '../status/outcomes.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';

/**
 * Whatever was decided, and by which rule: nothing of it ends the pod of a volume that is being deleted. Rules that know
 * of it have something better to do; this is for those that do not. A deletion of the addon is its user's own wish.
 *
 * The claim that is seen may have been deleted a moment ago: what ends a pod looks at it once more (`over`).
 */
export function sparingThePod(
  world: World,
  decision: Decision,
  { refusal, now }: { readonly refusal: Refusal | undefined; readonly now: Date },
): Decision {
  const { addon, pod, children, mountedClaim } = world;
  if (pod === undefined || !decision.actions.some((action) => endsPod(addon, action))) return decision;
  const leaving = leavingClaim(world);
  if (leaving === undefined) {
    const over = mountedClaim ?? children.claim;
    const actions = decision.actions.map((action) =>
      endsPod(addon, action) ? withLook(action, over) : action,
    );
    return { ...decision, actions };
  }
  const actions = decision.actions.filter((action) => !endsPod(addon, action));
  if (actions.length > 0) return { ...decision, actions, events: [] };
  return heldBack(world, { facts: undefined, unimplemented: [], refusal }, undefined, now);
}

function withLook(action: Action, over: World['mountedClaim']): Action {
  return over !== undefined && (action.do === 'replace' || action.do === 'delete')
    ? { ...action, over }
    : action;
}
