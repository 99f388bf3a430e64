import type { InfluxTls } from '../../influx/transport.ts';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Action, DatabaseAccess } from '../decision/action.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import { engineStatus } from '../pod/containers.ts';
import { stepsTowards } from './wish.ts';
import { credentialsMark } from '../identity/settle.ts';
import { type Facts } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import { passwordsInDatabase } from '../identity/users.ts';
import type { DatabaseFailure, DatabaseKnowledge } from '../world/memory.ts';

/** How often a healthy database is asked whether all is as it should be; drift is repaired within a minute. */
export const CHECK_INTERVAL_MS = 40_000;
/** How often it is tried whether the further users may log in; at the first check after that. */
export const USER_CHECK_MS = 220_000;
/** A pod younger than this may still show the effects of its start; it is not restarted to heal the administrator. */
const HEAL_AFTER_MS = 25_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;
/** Of one from which nothing is heard at all: each question costs the time in which it is given up. */
const SILENT_RETRY_MS = [...RETRY_MS, 20_000, 40_000, 60_000] as const;

/** Where the database stands, and what to do next about it. */
export type DatabaseState =
  | { readonly state: 'Act'; readonly action: Action }
  /** It answers, with database, user and grant as they should be; `verified` once a probe for the revision succeeded. */
  | { readonly state: 'Answering'; readonly verified: boolean; readonly recheckMs: number }
  /** It answers, and refuses writes as it is to. */
  | { readonly state: 'ReadOnly'; readonly recheckMs: number }
  | {
      readonly state: 'Silent';
      readonly message: string;
      readonly retryMs: number;
      /** It shows a certificate that cannot be verified. */
      readonly untrusted: boolean;
    }
  /** The administrator cannot log in: the next start of the pod heals it. */
  | { readonly state: 'AdministratorLost'; readonly restart: boolean; readonly retryMs: number };

export interface DatabaseInput {
  readonly pod: Live<Pod>;
  readonly facts: Facts;
  readonly knowledge: DatabaseKnowledge | undefined;
  /** What the data plane was made from. */
  readonly revision: string;
  /** The revision that status says was verified. */
  readonly verifiedRevision: string | undefined;
  /** What is to be changed of its contents, by what it said last. */
  readonly contents?: Action | undefined;
  /** It is not to be written to. */
  readonly readOnly?: boolean;
  /** How to trust the database; undefined when it listens without TLS. */
  readonly tls: InfluxTls | undefined;
  readonly nowMs: number;
}

/** Ask, repair, probe: one step at a time, each from what was learned by the one before. Pure. */
export function databaseState(input: DatabaseInput): DatabaseState {
  const { pod, facts, revision, nowMs } = input;
  const full = accessTo(pod, facts, input.tls);
  const access: DatabaseAccess = input.readOnly === true ? { ...full, readOnly: true } : full;
  const knowledge = isAbout(input.knowledge, access) ? input.knowledge : undefined;
  if (knowledge === undefined) return { state: 'Act', action: { do: 'askDatabase', access } };
  const age = nowMs - knowledge.askedMs;
  if (!knowledge.answer.ok) {
    const { kind } = knowledge.answer;
    const retryMs = waitAfter(knowledge.failures, isSilence({ kind }) ? SILENT_RETRY_MS : RETRY_MS);
    // A server that was started since is another one. By a clock that is ahead of ours it has not been started yet.
    const isNew = startedMs(pod) > knowledge.askedMs && startedMs(pod) <= nowMs;
    if (age >= retryMs || age < 0 || isNew) return { state: 'Act', action: { do: 'askDatabase', access } };
    if (kind === 'Unauthorized' || kind === 'Forbidden') {
      return {
        state: 'AdministratorLost',
        restart: nowMs - startedMs(pod) >= HEAL_AFTER_MS,
        retryMs: retryMs - age,
      };
    }
    const { message } = knowledge.answer;
    return { state: 'Silent', message, retryMs: retryMs - age, untrusted: kind === 'Untrusted' };
  }
  const interval = CHECK_INTERVAL_MS - jitter(pod.metadata.uid);
  if (age >= interval || age < 0) return { state: 'Act', action: { do: 'askDatabase', access } };
  const steps = stepsTowards(knowledge.answer, access);
  if (steps.length > 0) return { state: 'Act', action: { do: 'changeDatabase', access, steps } };
  const recheckMs = interval - age;
  // What its contents should be is brought about, and proven with a write, when it may be written to again.
  if (input.readOnly === true) return { state: 'ReadOnly', recheckMs };
  // Before the probe, which cannot write without a default retention policy.
  if (input.contents !== undefined) return { state: 'Act', action: input.contents };
  if (input.verifiedRevision === revision) return { state: 'Answering', verified: true, recheckMs };
  const probe = knowledge.probe?.revision === revision ? knowledge.probe : undefined;
  if (probe === undefined) return { state: 'Act', action: { do: 'probeDatabase', access, revision } };
  if (probe.failure === undefined) return { state: 'Answering', verified: true, recheckMs };
  const probeMs = Math.max(5_000, probe.silent ? waitAfter(knowledge.failures, SILENT_RETRY_MS) : 0);
  const wait = probeMs - (nowMs - probe.atMs);
  if (wait <= 0 || wait > probeMs) return { state: 'Act', action: { do: 'probeDatabase', access, revision } };
  return { state: 'Silent', message: probe.failure, retryMs: wait, untrusted: false };
}

/** Nothing was heard of it: what it does, and whether it is there, nobody knows. */
export function isSilence({ kind }: Pick<DatabaseFailure, 'kind'>): boolean {
  return kind === 'Timeout' || kind === 'Unreachable';
}

function waitAfter(failures: number, waits: readonly number[]): number {
  return waits[Math.min(Math.max(failures, 1), waits.length) - 1] ?? 0;
}

/** What is known was learned from this pod, with these credentials. */
export function isAbout<T extends { readonly podUid: string; readonly credentials: string }>(
  knowledge: T | undefined,
  of: { readonly podUid: string; readonly credentials: string },
): knowledge is T {
  return knowledge?.podUid === of.podUid && knowledge.credentials === of.credentials;
}

/** How to reach the database of a pod, and as whom. */
export function accessTo(pod: Live<Pod>, facts: Facts, tls: InfluxTls | undefined): DatabaseAccess {
  return {
    podUid: pod.metadata.uid,
    version: facts.inForce?.version.name ?? '',
    credentials: credentialsMark(facts),
    host: pod.status?.podIP ?? '',
    port: ENGINE_PORT,
    id: facts.id,
    username: facts.username,
    password: facts.password,
    adminPassword: facts.adminPassword,
    rotation: facts.rotation,
    ...(facts.contents === undefined ? {} : { users: passwordsInDatabase(facts) }),
    tls,
  };
}

/** When the server in it was started; milliseconds since the epoch. */
export function startedMs(pod: Live<Pod>): number {
  const started = engineStatus(pod)?.state?.running?.startedAt ?? pod.metadata.creationTimestamp;
  return Date.parse(started ?? '') || 0;
}

/** Up to 10 s, the same for a pod each time, so that a thousand databases are not asked in the same second. */
function jitter(uid: string): number {
  return Number.parseInt(Buffer.from(hashOf(uid), 'base64url').toString('hex').slice(0, 6), 16) % 10_000;
}
