import type { Action } from '../decision/action.ts';
import { acting, heldBack, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { World } from '../world/world.ts';
import { endsPod, leavingClaim } from './leaving.ts';

/**
 * Whatever was decided, and by which rule: nothing of it ends the pod of a volume that is being deleted. Rules that know
 * of it have something better to do; this is for those that do not. A deletion of the addon is its user's own wish.
 *
 * The claim that is seen may have been deleted a moment ago: what ends a pod looks at it once more (`over`).
 */
export function sparingThePod(
  { world, leaving: refusal }: Scene & { readonly leaving: Refusal | undefined },
  outcome: Outcome,
): Outcome {
  const { addon, pod, children, mountedClaim } = world;
  if (outcome.ends !== 'Act' || pod === undefined) return outcome;
  if (!outcome.actions.some((action) => endsPod(addon, action))) return outcome;
  const leaving = leavingClaim(world);
  if (leaving === undefined) {
    const over = mountedClaim ?? children.claim;
    const actions = outcome.actions.map((action) =>
      endsPod(addon, action) ? withLook(action, over) : action,
    );
    return { ...outcome, actions };
  }
  const actions = outcome.actions.filter((action) => !endsPod(addon, action));
  if (actions.length > 0) return acting(actions);
  return heldBack(world, { facts: undefined, unimplemented: [], refusal }, undefined);
}

function withLook(action: Action, over: World['mountedClaim']): Action {
  return over !== undefined && (action.do === 'replace' || action.do === 'delete')
    ? { ...action, over }
    : action;
}
