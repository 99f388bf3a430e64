import { asAdministrator, adminClient, userClient, type Tools, attempt } from './session.ts';
import { type Credentials } from '../../influx/credentials.ts';
import { ownOf } from '../../contents/own.ts';
import { type DatabaseState, type DatabaseStep } from '../../influx/state.ts';
import { InfluxError } from '../../influx/influx-error.ts';
import type { DatabaseAccess } from '../decision/action.ts';
import { isAbout, isSilence, USER_CHECK_MS } from '../database/state.ts';
import { stepsTowards, type Answered } from '../database/wish.ts';
import { hashOf } from '../world/hash.ts';
import type { DatabaseFailure, DatabaseKnowledge, Login, UserLogin } from '../world/memory.ts';

/** Taken for a failure, so that it is tried again with growing waits and told to the user. */
const NO_EFFECT: DatabaseFailure = {
  ok: false,
  kind: 'Refused',
  message: 'it took the repair of its users and grants, and is as before',
};

/**
 * Asks as the administrator what there is, as the application's user whether it may come in, and every few minutes, or
 * when they are `changed`, as each further user. Never throws for the database's sake.
 */
export async function askDatabase(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  signal: AbortSignal,
  { changed = new Set(), generation }: { changed?: ReadonlySet<string>; generation?: number } = {},
): Promise<void> {
  const before = knownOf(actor, uid, access);
  const answer = await attempt(signal, async () => {
    const { id, username, rotation } = access;
    const which = {
      id,
      username,
      others: [...(rotation === undefined ? [] : [rotation.username]), ...Object.keys(access.users ?? {})],
    };
    const { administrator, value: state } = await asAdministrator(actor, access, (client) =>
      client.readDatabase(which, signal),
    );
    const log = async (name: string, password: string | undefined): Promise<Login> =>
      password !== undefined && state.users.some((user) => user.name === name)
        ? await tryLogin(actor, access, { username: name, password }, signal)
        : 'Unknown';
    return {
      ok: true as const,
      state,
      login: await log(username, access.password),
      ...(rotation === undefined ? {} : { otherLogin: await log(rotation.username, rotation.password) }),
      ...(administrator === undefined ? {} : { administrator }),
      logins: await tryUsers(actor, access, state, changed, before, signal),
      certificate: access.tls === undefined ? undefined : actor.influx.shown?.(access.tls),
    };
  });
  const failuresBefore = before?.failures ?? 0;
  const settled = answer.ok && before?.probe?.failure === undefined && isRight(answer, access);
  const failures = answer.ok ? (settled ? 0 : failuresBefore) : failuresBefore + 1;
  learn(actor, uid, access, {
    askedMs: actor.clock.now(),
    failures,
    answer,
    probe: before?.probe,
    generation,
  });
}

/** Sends the statements one by one, as requests of their own; then what was known is out of date. */
export async function changeDatabase(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  steps: readonly DatabaseStep[],
  signal: AbortSignal,
): Promise<void> {
  const before = knownOf(actor, uid, access);
  const client = adminClient(actor, access, before?.answer.ok ? before.answer.administrator : undefined);
  const failure = await attempt(signal, async () => {
    for (const step of steps) await client.run(step.statement, signal);
    return undefined;
  });
  if (failure === undefined) {
    await askDatabase(actor, uid, access, signal);
    const after = knownOf(actor, uid, access);
    if (after === undefined || !after.answer.ok || isRight(after.answer, access)) return;
  }
  learnFailure(actor, uid, access, failure ?? NO_EFFECT, before);
}

/** What was asked of the database or sent to it came to nothing. */
export function learnFailure(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  answer: DatabaseFailure,
  before: DatabaseKnowledge | undefined = knownOf(actor, uid, access),
): void {
  const failures = (before?.failures ?? 0) + 1;
  learn(actor, uid, access, { askedMs: actor.clock.now(), failures, answer, probe: undefined });
}

/** Writes and reads one point as the application's user. */
export async function probeDatabase(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  revision: string,
  signal: AbortSignal,
): Promise<void> {
  const failure = await attempt(signal, async () => {
    await userClient(actor, access, access).probe(access.id, signal);
    return undefined;
  });
  const before = knownOf(actor, uid, access);
  if (before === undefined) return;
  learn(actor, uid, access, {
    ...before,
    failures: failure === undefined ? 0 : before.failures + 1,
    probe: {
      revision,
      atMs: actor.clock.now(),
      failure: failure?.message,
      ...(failure !== undefined && isSilence(failure) ? { silent: true } : {}),
    },
  });
}

async function tryLogin(
  actor: Tools,
  access: DatabaseAccess,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<Login> {
  try {
    await userClient(actor, access, credentials).login(signal);
    return 'Accepted';
  } catch (reason) {
    signal.throwIfAborted();
    return InfluxError.from(reason).kind === 'Unauthorized' ? 'Refused' : 'Unknown';
  }
}

/** Whether the further users may come in; of those that need not be asked again, what was learned before. */
async function tryUsers(
  actor: Tools,
  access: DatabaseAccess,
  state: DatabaseState,
  changed: ReadonlySet<string>,
  before: DatabaseKnowledge | undefined,
  signal: AbortSignal,
): Promise<Record<string, UserLogin>> {
  const known = before?.answer.ok === true ? (before.answer.logins ?? {}) : {};
  const logins: Record<string, UserLogin> = {};
  for (const [name, password] of Object.entries(access.users ?? {})) {
    if (!state.users.some((user) => user.name === name)) continue;
    const last = ownOf(known, name);
    const mark = hashOf(password);
    const age = actor.clock.now() - (last?.atMs ?? 0);
    const isKnown = last?.mark === mark && last.login !== 'Unknown' && age >= 0 && age < USER_CHECK_MS;
    logins[name] =
      isKnown && !changed.has(name)
        ? last
        : {
            login: await tryLogin(actor, access, { username: name, password }, signal),
            mark,
            atMs: actor.clock.now(),
          };
  }
  return logins;
}

export function knownOf(actor: Tools, uid: string, access: DatabaseAccess): DatabaseKnowledge | undefined {
  const knowledge = actor.memories.get(uid).database;
  return isAbout(knowledge, access) ? knowledge : undefined;
}

/** Nothing is left to be changed. A failure that comes back after each good answer has to add up, or nobody hears of it. */
function isRight(answer: Answered, access: DatabaseAccess): boolean {
  return stepsTowards(answer, access).length === 0;
}

function learn(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  knowledge: Omit<DatabaseKnowledge, 'podUid' | 'credentials' | 'sinceMs'>,
): void {
  const { podUid, credentials } = access;
  const sinceMs = knownOf(actor, uid, access)?.sinceMs ?? knowledge.askedMs;
  actor.memories.update(uid, { database: { ...knowledge, podUid, credentials, sinceMs } });
}
