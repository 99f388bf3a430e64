import type { ContentsStep } from '../../contents/step.ts';
import { revisionOf } from '../../contents/continuous-queries.ts';
import type { EngineSession } from '../../influx/engine.ts';
import { InfluxError } from '../../influx/influx-error.ts';
import { askDatabase, knownOf, learnFailure } from './database.ts';
import { adminClient, attempt, type Tools, userClient } from './session.ts';
import type { Action, DatabaseAccess } from '../decision/action.ts';
import { digestOf } from '../database/contents/next.ts';
import { isAbout } from '../database/state.ts';
import type { ContentsKnowledge, SentStatement } from '../world/memory.ts';

/** Longer ago than this nobody asks whether a statement was sent. */
const FORGET_MS = 400_000;
/**
 * To drop a policy, or to end it earlier, takes the engine as long as deleting its shards does. It goes on when nobody
 * waits for it any more, and a repair that is needed meanwhile waits for this.
 */
const SLOW_MS = 15_000;
/** Nothing slow is begun in a round that has lasted longer. */
const YOUNG_MS = 2_000;
const SLOW = new Set<ContentsStep['what']>(['AlterRetentionPolicy', 'DropRetentionPolicy']);
/** The engine's words for a continuous query whose name has another text. */
const TAKEN = /already exists/;

/**
 * Sends the statements one by one, as requests of their own. What the engine refuses is kept with its words, and the
 * rest goes on; what takes long ends the round. Then the database is asked how it is. Never throws for the database's sake.
 */
export async function changeContents(
  actor: Tools,
  uid: string,
  { access, steps, generation }: Extract<Action, { do: 'changeContents' }>,
  signal: AbortSignal,
): Promise<void> {
  const sent = new Map<string, SentStatement>();
  const earlier = new Map(recent(contentsOf(actor, uid, access).sent, actor.clock.now()));
  const application = userClient(actor, access, access);
  const administrator = presentAdmin(actor, uid, access);
  const patient = presentAdmin(actor, uid, access, SLOW_MS);
  const shownBefore = shownQueries(actor, uid, access);
  const foreign = new Map(contentsOf(actor, uid, access).foreign);
  const remember = () => learn(actor, uid, access, { sent: new Map([...earlier, ...sent]), foreign });
  const begunMs = actor.clock.monotonic();
  for (const step of steps) {
    const isSlow = SLOW.has(step.what);
    if (isSlow && actor.clock.monotonic() - begunMs > YOUNG_MS) break;
    const client = step.as === 'Application' ? application : isSlow ? patient : administrator;
    const digest = digestOf(step);
    const times = (earlier.get(digest)?.times ?? 0) + 1;
    // Before it is sent: whoever gives up waiting for it does not begin it again at once.
    const unanswered = {
      generation,
      times,
      refusal: undefined,
      ...(isSlow ? { timedOut: true as const } : {}),
    };
    sent.set(digest, { ...unanswered, atMs: actor.clock.now() });
    remember();
    const result = await attempt(signal, async () => ({
      ok: true as const,
      ...(await send(client, step, signal)),
    }));
    const atMs = actor.clock.now();
    if (result.ok && result.isForeign) foreign.set(step.name, shownBefore.get(step.name) ?? '');
    if (result.ok) sent.set(digest, { atMs, generation, times, refusal: result.refusal });
    else if (result.kind === 'Timeout') sent.set(digest, { ...unanswered, atMs });
    else sent.delete(digest);
    remember();
    if (result.ok) continue;
    if (isSlow && result.kind === 'Timeout') break;
    return learnFailure(actor, uid, access, result);
  }
  const users = steps.filter(({ what }) => what === 'CreateUser' || what === 'SetPassword');
  const changed = new Set(users.map(({ name }) => name));
  await askDatabase(actor, uid, access, signal, { changed });
  rememberQueries(actor, uid, access, steps, sent);
}

/** Asks what the retention policies hold. Never throws for the database's sake. */
export async function measureShards(
  actor: Tools,
  uid: string,
  { access, generation }: Extract<Action, { do: 'measureShards' }>,
  signal: AbortSignal,
): Promise<void> {
  const found = await attempt(
    signal,
    async () => await presentAdmin(actor, uid, access).readShards(access.id, signal),
  );
  learn(actor, uid, access, { shards: { askedMs: actor.clock.now(), generation, found } });
}

/** With the one of its passwords that was let in last. */
function presentAdmin(actor: Tools, uid: string, access: DatabaseAccess, timeoutMs?: number): EngineSession {
  const answer = knownOf(actor, uid, access)?.answer;
  return adminClient(actor, access, answer?.ok ? answer.administrator : undefined, timeoutMs);
}

interface Sent {
  /** The engine's words when it refuses. */
  readonly refusal: string | undefined;
  /** The statement was not sent, since what it is about is not ours. */
  readonly isForeign?: boolean;
}

/** Throws InfluxError for all that says nothing about the statement. */
async function send(client: EngineSession, step: ContentsStep, signal: AbortSignal): Promise<Sent> {
  try {
    const other = step.onlyIf === undefined ? undefined : await sendOnce(client, step.onlyIf, step, signal);
    if (other?.kind === 'Unauthorized') return { refusal: other.message };
    if (other !== undefined) return { refusal: undefined, isForeign: true };
    const refusal = await sendOnce(client, step.statement, step, signal);
    const isTaken = refusal === undefined ? step.replaces === true : TAKEN.test(refusal.message);
    if (step.makesRoom === undefined || !isTaken) return { refusal: refusal?.message };
    const kept =
      (await sendOnce(client, step.makesRoom, step, signal)) ??
      (await sendOnce(client, step.statement, step, signal));
    return { refusal: kept?.message };
  } catch (reason) {
    signal.throwIfAborted();
    throw InfluxError.from(reason);
  }
}

async function sendOnce(
  client: EngineSession,
  statement: string,
  { as }: ContentsStep,
  signal: AbortSignal,
): Promise<InfluxError | undefined> {
  try {
    await client.run(statement, signal);
    return undefined;
  } catch (reason) {
    signal.throwIfAborted();
    const error = InfluxError.from(reason);
    // Of the application's user it says nothing about the administrator that it may not come in.
    const denied = as === 'Application' && (error.kind === 'Forbidden' || error.kind === 'Unauthorized');
    if ((error.kind === 'Refused' && !error.isTransient) || denied) return error;
    throw error;
  }
}

/** What was just made is as listed, in the words in which the engine shows it now; what was dropped is nobody's. */
function rememberQueries(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  steps: readonly ContentsStep[],
  sent: ReadonlyMap<string, SentStatement>,
): void {
  const answer = knownOf(actor, uid, access)?.answer;
  if (answer?.ok !== true) return;
  const revisions = new Map(contentsOf(actor, uid, access).revisions);
  for (const step of steps) {
    const { name, mark, what } = step;
    const taken = sent.get(digestOf(step));
    if (taken === undefined || taken.refusal !== undefined) continue;
    if (what === 'DropContinuousQuery') revisions.delete(name);
    if (mark === undefined) continue;
    const shown = answer.state.continuousQueries.find((query) => query.name === name);
    const revision = revisionOf(mark, shown?.query);
    if (revision !== undefined) revisions.set(name, revision);
  }
  learn(actor, uid, access, { revisions });
}

function shownQueries(actor: Tools, uid: string, access: DatabaseAccess): Map<string, string> {
  const answer = knownOf(actor, uid, access)?.answer;
  const queries = answer?.ok === true ? answer.state.continuousQueries : [];
  return new Map(queries.map(({ name, query }) => [name, query]));
}

function recent(sent: ReadonlyMap<string, SentStatement>, nowMs: number): [string, SentStatement][] {
  return [...sent].filter(([, { atMs }]) => nowMs - atMs < FORGET_MS);
}

function contentsOf(actor: Tools, uid: string, { podUid, credentials }: DatabaseAccess): ContentsKnowledge {
  const { contents } = actor.memories.get(uid);
  return isAbout(contents, { podUid, credentials })
    ? contents
    : { podUid, credentials, sent: new Map(), revisions: new Map(), shards: undefined };
}

function learn(actor: Tools, uid: string, access: DatabaseAccess, change: Partial<ContentsKnowledge>): void {
  actor.memories.update(uid, { contents: { ...contentsOf(actor, uid, access), ...change } });
}
