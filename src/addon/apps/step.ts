import type { Outcome } from '../decision/outcome.ts';
import { acting } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { usesAuthority } from '../tls/follow.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { FormerKeys } from './former-keys.ts';
import { decideApps, type AppsOutcome } from './decide.ts';

/** The apps, once the database has answered with what is now in force. */
export function appsStep({
  world,
  facts,
  target,
  refusal,
  starts,
  formerKeys,
  now,
}: Scene & {
  readonly facts: Facts;
  readonly target: InForce;
  readonly refusal: Refusal | undefined;
  readonly starts: number;
  readonly formerKeys: FormerKeys;
}): { readonly apps: AppsOutcome | undefined } | Outcome {
  const trustKnown = !usesAuthority(target) || target.authority !== undefined;
  if (refusal !== undefined || !trustKnown) return { apps: undefined };
  const apps = decideApps(world, facts, target, starts, now, formerKeys);
  return apps.actions.length > 0 ? acting(apps.actions, apps.events) : { apps };
}
