import { describe, expect, it } from 'vitest';
import { engineAnswer, ScriptedTransport, statementsOf } from '../../influx/testing/scripted-transport.ts';
import { askDatabase } from '../act/database.ts';
import { accessTo, databaseState } from './state.ts';
import type { Facts } from '../world/facts.ts';
import { Memories } from '../observe/memories.ts';
import { FACTS, NOW } from '../testing/fixtures.ts';
import { podOf, readyStatus } from '../testing/pods.ts';

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();

/** A database in which all is right. */
function answer(statement: string): object {
  const table = (columns: string[], values: unknown[][]) => ({ series: [{ columns, values }] });
  if (statement === 'SHOW DATABASES') return table(['name'], [[FACTS.id]]);
  const users = ['admin', FACTS.id, 'reader', 'writer'];
  if (statement === 'SHOW USERS')
    return table(
      ['user', 'admin'],
      users.map((name) => [name, name === 'admin']),
    );
  if (statement.startsWith('SHOW GRANTS'))
    return table(['database', 'privilege'], [[FACTS.id, 'ALL PRIVILEGES']]);
  const policies = ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'];
  return statement.startsWith('SHOW RETENTION')
    ? table(policies, [['autogen', '0s', '168h0m0s', 1, true]])
    : {};
}

/** The requests of an hour, as `user: number of statements`. */
async function anHour(facts: Facts, uid: string): Promise<string[]> {
  const transport = new ScriptedTransport((request) =>
    engineAnswer(200, {
      results: statementsOf(request).map((statement, index) => ({
        statement_id: index,
        ...answer(statement),
      })),
    }),
  );
  let now = NOW.getTime();
  const clock = { now: () => now, monotonic: () => now, after: () => ({ cancel: () => {} }) };
  const actor = { influx: transport, memories: new Memories(), clock };
  const pod = podOf(readyStatus(new Date(now - 60_000).toISOString()), { uid });
  for (const end = now + HOUR_MS; now < end; ) {
    const knowledge = actor.memories.get('addon').database;
    const revision = 'r';
    const step = databaseState({
      pod,
      facts,
      knowledge,
      revision,
      verifiedRevision: revision,
      tls: undefined,
      nowMs: now,
    });
    if (step.state === 'Answering') now += step.recheckMs;
    else {
      expect(step).toMatchObject({ action: { do: 'askDatabase' } });
      await askDatabase(actor, 'addon', accessTo(pod, facts, undefined), signal);
    }
  }
  return transport.requests.map((request) => `${request.auth?.username}: ${statementsOf(request).length}`);
}

describe('an idle database', () => {
  const pods = Array.from({ length: 20 }, (_, index) => `pod-${index}`);

  it.each(pods)('is asked 180 to 240 times an hour (%s)', async (uid) => {
    const requests = await anHour(FACTS, uid);
    expect(requests.length).toBeGreaterThanOrEqual(180);
    expect(requests.length).toBeLessThanOrEqual(240);
    const half = requests.length / 2;
    expect(requests.filter((each) => each === 'admin: 5')).toHaveLength(half);
    expect(requests.filter((each) => each === `${FACTS.username}: 1`)).toHaveLength(half);
  });

  it('is asked in one statement more and 16 logins an hour at most for each listed user', async () => {
    const passwords = { reader: 'reader-password-0123456789', writer: 'writer-password-0123456789' };
    const record = { retentionPolicies: [], continuousQueries: [] };
    for (const uid of pods) {
      const requests = await anHour({ ...FACTS, contents: { record, passwords } }, uid);
      const checks = requests.filter((each) => each === 'admin: 7').length;
      expect(checks).toBeLessThanOrEqual(120);
      for (const name of Object.keys(passwords)) {
        const logins = requests.filter((each) => each === `${name}: 1`).length;
        expect(logins).toBeGreaterThanOrEqual(12);
        expect(logins).toBeLessThanOrEqual(17);
      }
      expect(requests.length).toBeLessThanOrEqual(240 + 2 * 17);
    }
  });

  it('is asked at moments of its own', async () => {
    const counts = new Set(await Promise.all(pods.map(async (uid) => (await anHour(FACTS, uid)).length)));
    expect(counts.size).toBeGreaterThan(5);
  });
});
