import type { BuildContext } from '../children/context.ts';
import type { DatabaseAccess } from '../decision/action.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { growVolume } from './growth.ts';
import { measuring } from './measuring.ts';

/** A volume that is filling grows. Not a matter of the pod's health: a database on a full volume may not come up. */
export function growthStep({
  world,
  context,
  leaving,
  now,
}: Scene & { readonly context: BuildContext; readonly leaving: Refusal | undefined }): Outcome | undefined {
  const growth = leaving === undefined ? growVolume(world, context, now) : undefined;
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
