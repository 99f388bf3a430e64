import { InfluxClient } from '../influx/client.ts';
import { readDataBytes } from '../influx/data-size.ts';
import { planDatabase, readDatabase, type DatabaseState, type DatabaseStep } from '../influx/database.ts';
import { InfluxError } from '../influx/influx-error.ts';
import { probeWrite } from '../influx/probe-write.ts';
import type { InfluxEndpoint } from '../influx/transport.ts';
import type { Actor } from './act.ts';
import type { DatabaseAccess } from './action.ts';
import { isAbout } from './database-steps.ts';
import { ADMIN_USER } from './facts.ts';
import type { DatabaseFailure, DatabaseKnowledge, DataSize, Login } from './world.ts';

type Tools = Pick<Actor, 'influx' | 'memories' | 'clock'>;

const TIMEOUT_MS = 5_000;
const SAME_SILENCE_MS = 30_000;

/** Taken for a failure, so that it is tried again with growing waits and told to the user. */
const NO_EFFECT: DatabaseFailure = {
  ok: false,
  kind: 'Refused',
  message: 'it took the repair of its users and grants, and is as before',
};

/** Asks as the administrator what there is, and as the application's user whether it may come in. Never throws for the database's sake. */
export async function askDatabase(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  signal: AbortSignal,
): Promise<void> {
  const before = known(actor, uid, access);
  const answer = await attempt(signal, async () => {
    const state = await readDatabase(adminClient(actor, access), { id: access.id }, signal);
    const user = state.users.some(({ name }) => name === access.id);
    return {
      ok: true as const,
      state,
      login: user ? await tryLogin(actor, access, signal) : ('Unknown' as const),
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
  const client = adminClient(actor, access);
  const before = known(actor, uid, access);
  const failure = await attempt(signal, async () => {
    for (const step of steps) await client.one(step.statement, { signal });
    return undefined;
  });
  if (failure === undefined) {
    await askDatabase(actor, uid, access, signal);
    const after = known(actor, uid, access);
    if (after === undefined || !after.answer.ok || isRight(after.answer, access)) return;
  }
  learn(actor, uid, access, {
    askedMs: actor.clock.now(),
    failures: (before?.failures ?? 0) + 1,
    answer: failure ?? NO_EFFECT,
    probe: undefined,
  });
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
    await probeWrite(userClient(actor, access), access.id, undefined, signal);
    return undefined;
  });
  const before = known(actor, uid, access);
  if (before === undefined) return;
  learn(actor, uid, access, {
    ...before,
    failures: failure === undefined ? 0 : before.failures + 1,
    probe: { revision, atMs: actor.clock.now(), failure: failure?.message },
  });
}

/** Asks how many bytes the database has on disk. Never throws for the database's sake. */
export async function measureDatabase(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  signal: AbortSignal,
): Promise<void> {
  const answer = await attempt(signal, async () => ({
    ok: true as const,
    bytes: await readDataBytes(adminClient(actor, access), access.id, signal),
  }));
  const { podUid } = access;
  const now = actor.clock.now();
  const before = actor.memories.get(uid).dataSize;
  // A silence that nobody listened to in between is another one.
  const since = now - (before?.askedMs ?? 0) < SAME_SILENCE_MS ? before?.silentSinceMs : undefined;
  const dataSize: DataSize = answer.ok
    ? { podUid, askedMs: now, bytes: answer.bytes, silentSinceMs: undefined }
    : { podUid, askedMs: now, bytes: before?.bytes, silentSinceMs: since ?? now };
  actor.memories.update(uid, { dataSize });
}

async function tryLogin(actor: Tools, access: DatabaseAccess, signal: AbortSignal): Promise<Login> {
  try {
    await userClient(actor, access).query('SHOW DATABASES', { signal });
    return 'Accepted';
  } catch (reason) {
    signal.throwIfAborted();
    return InfluxError.from(reason).kind === 'Unauthorized' ? 'Refused' : 'Unknown';
  }
}

/** The engine's failures are knowledge; only the caller's own giving up is thrown. */
async function attempt<T>(
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T | { ok: false; kind: InfluxError['kind']; message: string }> {
  try {
    return await run();
  } catch (reason) {
    signal.throwIfAborted();
    const error = InfluxError.from(reason);
    return { ok: false, kind: error.kind, message: error.message };
  }
}

function known(actor: Tools, uid: string, access: DatabaseAccess): DatabaseKnowledge | undefined {
  const knowledge = actor.memories.get(uid).database;
  return isAbout(knowledge, access) ? knowledge : undefined;
}

/** Nothing is left to be changed. A failure that comes back after each good answer has to add up, or nobody hears of it. */
function isRight({ state, login }: { state: DatabaseState; login: Login }, access: DatabaseAccess): boolean {
  const { id, password } = access;
  return planDatabase(state, { id, password, passwordKnownGood: login !== 'Refused' }).length === 0;
}

function learn(
  actor: Tools,
  uid: string,
  { podUid, credentials }: DatabaseAccess,
  knowledge: Omit<DatabaseKnowledge, 'podUid' | 'credentials'>,
): void {
  actor.memories.update(uid, { database: { ...knowledge, podUid, credentials } });
}

function adminClient(actor: Tools, { adminPassword, ...access }: DatabaseAccess): InfluxClient {
  return new InfluxClient(
    actor.influx,
    endpointOf(access),
    { username: ADMIN_USER, password: adminPassword },
    { timeoutMs: TIMEOUT_MS },
  );
}

function userClient(actor: Tools, { id, password, ...access }: DatabaseAccess): InfluxClient {
  return new InfluxClient(
    actor.influx,
    endpointOf(access),
    { username: id, password },
    { timeoutMs: TIMEOUT_MS },
  );
}

function endpointOf({ host, port, tls }: Pick<DatabaseAccess, 'host' | 'port' | 'tls'>): InfluxEndpoint {
  return { host, port, ...(tls === undefined ? {} : { tls }) };
}
