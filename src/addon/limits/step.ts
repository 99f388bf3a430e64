import type { BuildContext } from '../children/context.ts';
import type { DatabaseAccess } from '../decision/action.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { growVolume } from './growth.ts';
import { lowerRequest } from './lowering.ts';
import { measuring } from './measuring.ts';

/** A growth that is not wanted any more is given up, and a volume that is filling grows. Not a matter of the pod's health: a database on a full volume may not come up. */
export function growthStep({
  world,
  context,
  leaving,
  unpublished,
  now,
}: Scene & {
  readonly context: BuildContext;
  readonly leaving: Refusal | undefined;
  readonly unpublished: boolean;
}): Outcome | undefined {
  if (leaving !== undefined) return undefined;
  // It belongs to a plan whose record could not be changed: that one is still in force.
  const lowering = unpublished ? undefined : lowerRequest(world, context, now);
  if (lowering !== undefined) return acting([lowering]);
  const growth = growVolume(world, context, now);
  return growth && acting([growth.action], growth.events);
}

/** How large the database is, once status has told that it answers. */
export function measureStep({
  world,
  context,
  revision,
  access,
  now,
}: Scene & {
  readonly context: BuildContext;
  readonly revision: string;
  readonly access: DatabaseAccess;
}): { readonly measureMs: number } | Outcome {
  if (world.addon.status?.dataPlane?.revision !== revision) return { measureMs: Infinity };
  const measure = measuring(world, context.target.plan.spec, access, now.getTime());
  return measure.action === undefined ? { measureMs: measure.wakeMs ?? Infinity } : acting([measure.action]);
}
