import { describe, expect, it } from 'vitest';
import type { DatabaseState as EngineState } from '../../influx/state.ts';
import { CHECK_INTERVAL_MS, databaseState, type DatabaseInput } from './state.ts';
import { credentialsMark } from '../identity/settle.ts';
import { FACTS, NOW } from '../testing/fixtures.ts';
import { podOf, readyStatus } from '../testing/pods.ts';
import type { DatabaseFailure, DatabaseKnowledge, Login } from '../world/memory.ts';

const now = NOW.getTime();
const RIGHT: EngineState = {
  databases: [FACTS.id],
  users: [
    { name: 'admin', admin: true },
    { name: FACTS.id, admin: false },
  ],
  grants: [{ database: FACTS.id, privilege: 'ALL PRIVILEGES' }],
  retentionPolicies: [{ name: 'autogen', durationSeconds: 0, shardDurationSeconds: 604_800, default: true }],
  continuousQueries: [],
};

function answered(state: Partial<EngineState> = {}, login: Login = 'Accepted'): DatabaseKnowledge['answer'] {
  return { ok: true, state: { ...RIGHT, ...state }, login };
}

function failed(kind: DatabaseFailure['kind']): DatabaseFailure {
  return { ok: false, kind, message: 'no' };
}

function known(more: Partial<DatabaseKnowledge> = {}): DatabaseKnowledge {
  const credentials = credentialsMark(FACTS);
  return {
    podUid: 'pod-uid',
    credentials,
    askedMs: now,
    failures: 0,
    answer: answered(),
    probe: undefined,
    ...more,
  };
}

function step(knowledge: DatabaseKnowledge | undefined, more: Partial<DatabaseInput> = {}) {
  const decided = databaseState({
    pod: podOf(readyStatus(new Date(now - 60_000).toISOString())),
    facts: FACTS,
    knowledge,
    revision: 'r1',
    verifiedRevision: 'r1',
    tls: undefined,
    nowMs: now,
    ...more,
  });
  return decided.state === 'Act' ? decided.action.do : decided;
}

describe('databaseState', () => {
  it('asks a database that it knows nothing of', () => {
    expect(step(undefined)).toBe('askDatabase');
  });

  it('does not believe what another pod said, or what was learned with other passwords', () => {
    expect(step(known({ podUid: 'previous' }))).toBe('askDatabase');
    const other = credentialsMark({ ...FACTS, password: 'another-password-0123456789' });
    expect(step(known({ credentials: other }))).toBe('askDatabase');
  });

  it('asks a healthy database again within a minute, and not before', () => {
    const rested = step(known());
    expect(rested).toMatchObject({ state: 'Answering', verified: true });
    const { recheckMs } = rested as { recheckMs: number };
    expect(recheckMs).toBeLessThanOrEqual(CHECK_INTERVAL_MS);
    expect(step(known({ askedMs: now - recheckMs + 1 }))).toMatchObject({ state: 'Answering' });
    expect(step(known({ askedMs: now - recheckMs }))).toBe('askDatabase');
  });

  it.each<[string, Partial<EngineState>, Login]>([
    ['a missing database', { databases: [] }, 'Accepted'],
    ['a missing user', { users: [] }, 'Unknown'],
    ['a revoked grant', { grants: [] }, 'Accepted'],
    ['a password that is not accepted', {}, 'Refused'],
    ['an application that became administrator', { users: [{ name: FACTS.id, admin: true }] }, 'Accepted'],
  ])('repairs %s', (_, state, login) => {
    expect(step(known({ answer: answered(state, login) }))).toBe('changeDatabase');
  });

  it('writes the probe point once for a revision', () => {
    const verifiedRevision = 'r0';
    expect(step(known(), { verifiedRevision })).toBe('probeDatabase');
    const probe = { revision: 'r1', atMs: now, failure: undefined };
    expect(step(known({ probe }), { verifiedRevision })).toMatchObject({
      state: 'Answering',
      verified: true,
    });
    expect(step(known({ probe: { ...probe, revision: 'r0' } }), { verifiedRevision })).toBe('probeDatabase');
  });

  it('waits between probes that fail, and says why', () => {
    const probe = (ms: number) => ({ revision: 'r1', atMs: now - ms, failure: 'disk full' });
    expect(step(known({ probe: probe(0) }), { verifiedRevision: 'r0' })).toMatchObject({
      state: 'Silent',
      message: 'disk full',
    });
    expect(step(known({ probe: probe(6_000) }), { verifiedRevision: 'r0' })).toBe('probeDatabase');
    const hangs = known({ failures: 8, probe: { ...probe(59_000), silent: true }, askedMs: now - 1_000 });
    expect(step(hangs, { verifiedRevision: 'r0' })).toMatchObject({ state: 'Silent', retryMs: 1_000 });
  });

  it('waits longer after each failure, and never for ever', () => {
    const waitsOf = (kind: DatabaseFailure['kind']) =>
      [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => {
        const silent = step(known({ failures, answer: failed(kind) })) as { retryMs: number };
        return silent.retryMs;
      });
    expect(waitsOf('Timeout')).toEqual([500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 60_000]);
    expect(waitsOf('Unreachable')).toEqual(waitsOf('Timeout'));
    expect(waitsOf('Refused').slice(4)).toEqual([10_000, 10_000, 10_000, 10_000]);
  });

  it('asks a server that was started since it was silent', () => {
    const silent = known({ failures: 50, askedMs: now - 5_000, answer: failed('Timeout') });
    expect(step(silent)).toMatchObject({ state: 'Silent' });
    const startedAt = new Date(now - 4_000).toISOString();
    expect(step(silent, { pod: podOf(readyStatus(startedAt)) })).toBe('askDatabase');
    const ahead = new Date(now + 4_000).toISOString();
    expect(step(silent, { pod: podOf(readyStatus(ahead)) })).toMatchObject({ state: 'Silent' });
  });

  it('has a pod restarted whose administrator cannot log in, but not one that has just started', () => {
    const lost = known({ failures: 1, answer: failed('Unauthorized') });
    expect(step(lost)).toMatchObject({ state: 'AdministratorLost', restart: true });
    const young = podOf(readyStatus(new Date(now - 1_000).toISOString()));
    expect(step(lost, { pod: young })).toMatchObject({ state: 'AdministratorLost', restart: false });
  });

  it('does not wait for a clock that was set back', () => {
    expect(step(known({ askedMs: now + 3_600_000 }))).toBe('askDatabase');
  });
});
