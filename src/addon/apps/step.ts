import type { Outcome } from '../decision/outcome.ts';
import { acting } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { usesAuthority } from '../tls/follow.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { Finding } from '../world/memory.ts';
import { childNames } from '../world/names.ts';
import type { FormerKeys } from './former-keys.ts';
import { decideApps, type AppsOutcome } from './decide.ts';
import { keepVariables } from './lost/keep.ts';

type InForceForApps = Scene & {
  readonly facts: Facts;
  readonly target: InForce;
  readonly starts: number;
  readonly formerKeys: FormerKeys;
  readonly own: readonly Finding[];
};

/**
 * The apps, once the database has answered with what is now in force, and what they read is stored. Of a spec that is
 * refused they get nothing: those that were bound before are looked after by what was accepted before it.
 */
export function appsStep({
  world,
  refusal,
  unpublished,
  now,
  ...binding
}: InForceForApps & { readonly refusal: Refusal | undefined; readonly unpublished: boolean }):
  | { readonly apps: AppsOutcome | undefined }
  | Outcome {
  const { target } = binding;
  if (unpublished || (usesAuthority(target) && target.authority === undefined)) return { apps: undefined };
  const apps = decideApps(world, { ...binding, isRefused: refusal !== undefined }, now);
  return apps.actions.length > 0 ? acting(apps.actions, apps.events) : { apps };
}

/** Where the story ends before the apps are looked at, because the database is not as it should be. */
export function keepingVariables({ world, now, ...binding }: InForceForApps, outcome: Outcome): Outcome {
  if (outcome.ends !== 'Tell' || outcome.picture.apps !== undefined) return outcome;
  const { actions, trouble } = keepVariables(world, binding, now);
  if (actions.length > 0 && isStored(world, binding.own)) return acting(actions);
  return trouble === undefined
    ? outcome
    : { ...outcome, picture: { ...outcome.picture, appTrouble: trouble } };
}

/** An app that is restarted for a Secret that is yet to be written starts with what that held before, or not at all. */
function isStored({ addon }: Scene['world'], findings: readonly Finding[]): boolean {
  const { urlSecret, bindingSecret } = childNames(addon.metadata.name);
  return !findings.some(({ target }) =>
    [urlSecret, bindingSecret].some((name) => target === `Secret/${name}`),
  );
}
