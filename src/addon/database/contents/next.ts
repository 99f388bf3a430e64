import { STALLED_REASON } from '../../../api/reasons.ts';
import { createHash } from 'node:crypto';
import { Annotation } from '../../../api/annotations.ts';
import { allowedLossOf } from '../../../contents/allowed-loss.ts';
import type { DataLoss } from '../../../contents/data-loss.ts';
import { ownOf } from '../../../contents/own.ts';
import { planContents } from '../../../contents/plan.ts';
import type { PolicyPlan } from '../../../contents/retention-policies.ts';
import type { ContentsStep, Problem } from '../../../contents/step.ts';
import { mistakesOf, wishesOf, type Wishes } from '../../../contents/wishes.ts';
import type { DatabaseState, Shard } from '../../../influx/state.ts';
import type { Action, DatabaseAccess } from '../../decision/action.ts';
import { answerOf, contentsKnowledge, isAskedFor, knownQueries, storedContents } from './facts.ts';
import { accessTo } from '../state.ts';
import type { Facts } from '../../world/facts.ts';
import { hashOf } from '../../world/hash.ts';
import { passwordsInDatabase, passwordsToPlan, usersInDatabase } from '../../identity/users.ts';
import type { World } from '../../world/world.ts';
import type { ContentsKnowledge, UserLogin } from '../../world/memory.ts';

/** A statement is not sent again so soon for one spec: one that has no effect would be sent for ever. */
const AGAIN_MS = 10_000;
/** Without an answer, it may still be at it. */
const TIMED_OUT_MS = 60_000;
/** What the engine refused is tried again so often, or at once when the spec changes. */
const REFUSED_MS = { Administrator: 30_000, Application: 300_000 } as const;
/** How long it is believed that a policy holds nothing; data comes all the time. */
const EMPTY_MS = 60_000;
/** How long what was found in it is believed: it stands in a message, which is not to change with every point. */
const FOUND_MS = 600_000;
const SILENT_MS = 10_000;

/** How the contents of a database that answers stand to what is listed. */
export interface ContentsOutcome {
  /** What to do next about them. */
  readonly action: Action | undefined;
  readonly problems: readonly Problem[];
  /** What would be lost by what is listed. */
  readonly losses: readonly DataLoss[];
  /** Look again after so many milliseconds. */
  readonly recheckMs: number;
  readonly state: DatabaseState;
  readonly wishes: Wishes;
  /** Of continuous queries that are known to be as listed, by name. */
  readonly revisions: ReadonlyMap<string, string>;
}

/** The next change of a database's contents, from what it said last; undefined while it has said nothing. Pure. */
export function contentsStep(
  world: World,
  facts: Facts,
  access: DatabaseAccess,
  nowMs: number,
): ContentsOutcome | undefined {
  const { addon, children } = world;
  const answer = answerOf(world, facts);
  if (answer === undefined) return undefined;
  const { state } = answer;
  const generation = addon.metadata.generation ?? 0;
  const knowledge = contentsKnowledge(world, facts);
  const stored = storedContents(children.adminSecret);
  const wishes = wishesOf(addon);
  const known = { ...facts, contents: stored };
  const users = usersInDatabase(known, wishes.users);
  const queries = knownQueries(world, facts);
  const planWith = (shards: readonly Shard[] | undefined) =>
    planContents({
      id: facts.id,
      wishes: { ...wishes, users },
      state,
      record: stored.record,
      passwords: passwordsToPlan(known, wishes.users),
      refusedLogins: refusedLogins(passwordsInDatabase(known), answer.logins),
      ...queries,
      shards,
      allowed: allowedLossOf(addon.metadata.annotations?.[Annotation.allowDataLoss]),
      nowMs,
    });
  const plan = withFreshShards(planWith, knowledge, generation, nowMs);
  const mistakes = mistakesOf(addon);
  const rest = { losses: plan.losses, state, wishes, revisions: queries.revisions };
  const failed = failureOf(knowledge, nowMs);
  const measure = plan.needsShards && failed === undefined;

  const unclaimed = wishes.users.some(
    ({ name }) =>
      ownOf(stored.passwords, name) === undefined && !state.users.some((user) => user.name === name),
  );
  if (unclaimed && !isAskedFor(world))
    return { ...rest, action: { do: 'askDatabase', access, generation }, problems: [], recheckMs: Infinity };
  const due = plan.steps.filter((step) => isDue(step, knowledge, generation, nowMs));
  if (due.length > 0 || measure) {
    const action: Action =
      due.length > 0
        ? { do: 'changeContents', access, steps: due, generation }
        : { do: 'measureShards', access, generation };
    return { ...rest, action, problems: [], recheckMs: Infinity };
  }
  const problems = [...mistakes, ...plan.problems, ...refusals(plan.steps, knowledge)];
  if (plan.needsShards && failed !== undefined) problems.push(unmeasured(failed.message));
  const waits = plan.steps.map((step) => dueInMs(step, knowledge, nowMs));
  if (failed !== undefined) waits.push(failed.atMs + SILENT_MS - nowMs);
  if (plan.losses.length > 0 && knowledge?.shards !== undefined)
    waits.push(knowledge.shards.askedMs + FOUND_MS - nowMs);
  return { ...rest, action: undefined, problems, recheckMs: Math.max(50, Math.min(Infinity, ...waits)) };
}

/** What would be lost by what the spec lists, as far as it is known; asked for only where somebody allows it. */
export function lossesOf(world: World, facts: Facts, now: Date): readonly DataLoss[] {
  const { pod, addon } = world;
  if (addon.metadata.annotations?.[Annotation.allowDataLoss] === undefined) return [];
  const access = pod && accessTo(pod, facts, undefined);
  return (access && contentsStep(world, facts, access, now.getTime())?.losses) ?? [];
}

/** What was found lately is believed as long as it stands for the same spec and keeps something waiting. */
function withFreshShards(
  planWith: (shards: readonly Shard[] | undefined) => PolicyPlan,
  knowledge: ContentsKnowledge | undefined,
  generation: number,
  nowMs: number,
): PolicyPlan {
  const { askedMs = 0, found, generation: asked } = knowledge?.shards ?? {};
  const age = nowMs - askedMs;
  if (found === undefined || 'ok' in found || asked !== generation || age < 0 || age >= FOUND_MS)
    return planWith(undefined);
  const plan = planWith(found);
  return age < EMPTY_MS || plan.losses.length > 0 ? plan : planWith(undefined);
}

function failureOf(
  knowledge: ContentsKnowledge | undefined,
  nowMs: number,
): { message: string; atMs: number } | undefined {
  const { askedMs = 0, found } = knowledge?.shards ?? {};
  const recent = nowMs - askedMs >= 0 && nowMs - askedMs < SILENT_MS;
  return found !== undefined && 'ok' in found && recent
    ? { message: found.message, atMs: askedMs }
    : undefined;
}

function unmeasured(message: string): Problem {
  return {
    reason: STALLED_REASON.statementRefused,
    message: `spec.retentionPolicies: a policy is to be shortened or removed, and the database does not tell what it holds (${message}); it is asked again.`,
  };
}

function isDue(
  step: ContentsStep,
  knowledge: ContentsKnowledge | undefined,
  generation: number,
  nowMs: number,
): boolean {
  const sent = knowledge?.sent.get(digestOf(step));
  if (sent?.generation !== generation && !sent?.timedOut) return true;
  return dueInMs(step, knowledge, nowMs) <= 0;
}

function dueInMs(step: ContentsStep, knowledge: ContentsKnowledge | undefined, nowMs: number): number {
  const sent = knowledge?.sent.get(digestOf(step));
  if (sent === undefined || sent.atMs > nowMs) return 0;
  const unanswered = sent.timedOut ? TIMED_OUT_MS : AGAIN_MS;
  return sent.atMs + (sent.refusal === undefined ? unanswered : REFUSED_MS[step.as]) - nowMs;
}

/** The engine's words about what it refused, and what it takes time and again without effect. */
function refusals(steps: readonly ContentsStep[], knowledge: ContentsKnowledge | undefined): Problem[] {
  return steps.flatMap((step): Problem[] => {
    const { what, name } = step;
    const { refusal, times = 0, timedOut } = knowledge?.sent.get(digestOf(step)) ?? {};
    if (refusal === undefined && times >= 3)
      return [
        {
          reason: STALLED_REASON.statementRefused,
          message: `${what} ${name}: the database ${timedOut ? 'does not answer in time' : 'takes it'} and is as before.`,
        },
      ];
    if (refusal === undefined) return [];
    return what === 'PutContinuousQuery' || what === 'DropContinuousQuery'
      ? [
          {
            reason: STALLED_REASON.continuousQueryRefused,
            message: `spec.continuousQueries: ${name}: the database refuses it: ${refusal}`,
          },
        ]
      : [
          {
            reason: STALLED_REASON.statementRefused,
            message: `${what} ${name}: the database refuses it: ${refusal}`,
          },
        ];
  });
}

/** Tells statements apart without holding them: some have passwords in them. */
export function digestOf({ statement, mark = '' }: ContentsStep): string {
  return createHash('sha256').update(`${mark} ${statement}`).digest('base64url');
}

function refusedLogins(
  passwords: Readonly<Record<string, string>>,
  logins: Readonly<Record<string, UserLogin>> = {},
): Set<string> {
  const names = Object.keys(passwords).filter(
    (name) =>
      ownOf(logins, name)?.login === 'Refused' && ownOf(logins, name)?.mark === hashOf(passwords[name]),
  );
  return new Set(names);
}
