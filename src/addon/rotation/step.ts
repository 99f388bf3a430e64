import type { AppsOutcome } from '../apps/decide.ts';
import type { BuildContext } from '../children/context.ts';
import { isOfUserSecret } from '../database/user-secrets.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Facts } from '../world/facts.ts';
import type { Finding } from '../world/memory.ts';
import { lastTurn, nextTurn, storing } from './turns.ts';

type Rotating = Scene & {
  readonly facts: Facts;
  readonly context: BuildContext;
  readonly active: readonly Finding[];
  readonly own: readonly Finding[];
};

/** The next turn of a rotation: only the admin Secret is written, all else follows from it. */
export function turnStep({
  world,
  facts,
  context,
  active,
  own,
  refusal,
  fresh,
  now,
}: Rotating & { readonly refusal: Refusal | undefined }): Outcome | undefined {
  // A user's Secret that may not be made or changed keeps nobody else from new credentials.
  const mayBegin = refusal === undefined && own.every((each) => isOfUserSecret(each, world.addon));
  const turn = nextTurn(world, facts, { mayBegin, fresh, now });
  const actions = turn === undefined ? [] : storing(world, context, turn.facts, active, now);
  return actions.length === 0 ? undefined : acting(actions, turn?.events);
}

/** The end of a rotation, once nobody needs the former login. */
export function lastTurnStep({
  world,
  facts,
  context,
  active,
  apps,
  now,
}: Rotating & { readonly apps: AppsOutcome | undefined }): { readonly turnMs: number } | Outcome {
  const last = lastTurn(world, facts, apps?.decisions, now);
  if (last === undefined) return { turnMs: Infinity };
  if ('wakeMs' in last) return { turnMs: last.wakeMs };
  const actions = storing(world, context, last.facts, active, now);
  return actions.length === 0 ? { turnMs: Infinity } : acting(actions);
}
