import type { AppsOutcome } from '../apps/decide.ts';
import { tellingContests, type Contest } from '../children/contested/contest.ts';
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
}: Rotating & { readonly refusal: Refusal | undefined }):
  | { readonly takenBack: readonly Contest[] }
  | Outcome {
  // A user's Secret that may not be made or changed keeps nobody else from new credentials.
  const mayBegin = refusal === undefined && own.every((each) => isOfUserSecret(each, world.addon));
  const turn = nextTurn(world, facts, { mayBegin, fresh, now });
  if (turn === undefined) return { takenBack: [] };
  const { actions, contests } = storing(world, context, turn.facts, active, now);
  return actions.length === 0 ? { takenBack: contests } : acting(actions, turn.events);
}

/** Whatever is told of the addon, tells of a turn that somebody takes back each time. */
export function tellingTurns(
  { takenBack, ...scene }: Scene & { readonly takenBack: readonly Contest[] },
  outcome: Outcome,
): Outcome {
  return tellingContests({ ...scene, contests: takenBack }, outcome);
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
  const { actions, contests } = storing(world, context, last.facts, active, now);
  const untilMs = Math.min(...contests.map((each) => each.untilMs));
  return actions.length === 0 ? { turnMs: untilMs - now.getTime() } : acting(actions);
}
