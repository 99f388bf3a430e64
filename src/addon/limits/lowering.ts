import * as kinds from '../../kube/objects/kinds.ts';
import type { Action } from '../decision/action.ts';
import { loweredSize } from '../children/claim.ts';
import { buildClaim } from '../children/claim.ts';
import type { BuildContext } from '../children/context.ts';
import { replacement } from '../children/intent/merge.ts';
import type { InForce } from '../world/facts.ts';
import type { World } from '../world/world.ts';

/**
 * The write by which a claim gives up the volume of a plan that was taken back before it came: nobody tries to grow it
 * any more, and a quota has the difference again. Nothing waits for it.
 */
export function lowerRequest(
  { children, memory }: World,
  context: BuildContext,
  now: Date,
): Action | undefined {
  const { claim } = children;
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return undefined;
  const lowerTo = loweredSize(claim, context.target.plan.spec.storage.size);
  const { growthRefused } = memory;
  if (lowerTo === undefined || (growthRefused?.untilMs ?? 0) > now.getTime()) return undefined;
  const object = replacement(claim, buildClaim({ ...context, lowerTo }));
  return { do: 'growVolume', kind: kinds.PersistentVolumeClaim, object };
}

/** What is said of a claim that may not give it up, and when that is tried again. */
export function loweringRefused(
  { children: { claim }, memory: { growthRefused } }: World,
  { plan }: InForce,
  now: Date,
): { readonly message: string; readonly wakeMs: number } | undefined {
  if (claim === undefined || growthRefused === undefined) return undefined;
  const wakeMs = growthRefused.untilMs - now.getTime();
  if (wakeMs <= 0 || loweredSize(claim, plan.spec.storage.size) === undefined) return undefined;
  const asked = claim.spec?.resources?.requests?.['storage'];
  const message = `its volume claim goes on asking for ${asked}, since less is refused: ${growthRefused.message}`;
  return { message, wakeMs };
}
