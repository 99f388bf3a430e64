import { describe, expect, it } from 'vitest';
import type { InfluxRequest } from '../../influx/transport.ts';
import { engineAnswer, ScriptedTransport, statementsOf } from '../../influx/testing/scripted-transport.ts';
import { planDatabase } from '../../influx/v1/database.ts';
import { askDatabase, changeDatabase, probeDatabase } from './database.ts';
import { credentialsMark } from '../identity/settle.ts';
import { Memories } from '../observe/memories.ts';
import { ACCESS, FACTS, NOW } from '../testing/fixtures.ts';

const { signal } = new AbortController();
const UID = 'addon-uid';
const SERIES = (columns: string[], values: unknown[][]) => ({ series: [{ columns, values }] });

/** An engine without a database: what is asked of it, it answers; what is to be changed goes as the script says. */
function engine(change: (statement: string) => object) {
  return new ScriptedTransport(answering(change));
}

function answering(change: (statement: string) => object) {
  return (request: InfluxRequest) => {
    const statements = statementsOf(request);
    const results = statements.map((statement, index) => ({
      statement_id: index,
      ...answer(statement, change),
    }));
    return engineAnswer(200, { results });
  };
}

function answer(statement: string, change: (statement: string) => object): object {
  if (statement === 'SHOW DATABASES') return SERIES(['name'], []);
  if (statement === 'SHOW USERS') return SERIES(['user', 'admin'], [['admin', true]]);
  return statement.startsWith('SHOW') ? {} : change(statement);
}

function tools(transport: ScriptedTransport) {
  const clock = { now: () => NOW.getTime(), monotonic: () => 0, after: () => ({ cancel: () => {} }) };
  return { influx: transport, memories: new Memories(), clock };
}

describe('what is learned from the database', () => {
  it('is remembered with the pod and the credentials that it was asked with', async () => {
    const actor = tools(engine(() => ({})));
    await askDatabase(actor, UID, ACCESS, signal);
    expect(actor.memories.get(UID).database).toMatchObject({
      podUid: 'pod-uid',
      credentials: credentialsMark(FACTS),
      answer: { ok: true, login: 'Unknown' },
      failures: 0,
    });
  });

  it('adds up failures, and is knowledge rather than an exception', async () => {
    const refused = new ScriptedTransport(() => engineAnswer(401, { error: 'authorization failed' }));
    const actor = tools(refused);
    await askDatabase(actor, UID, ACCESS, signal);
    await askDatabase(actor, UID, ACCESS, signal);
    expect(actor.memories.get(UID).database).toMatchObject({
      failures: 2,
      answer: { ok: false, kind: 'Unauthorized' },
    });
  });

  it('adds up changes that fail though each question before is answered', async () => {
    const actor = tools(engine(() => ({ error: 'no space left on device' })));
    const state = { databases: [], users: [], grants: [], retentionPolicies: [], continuousQueries: [] };
    const steps = planDatabase(state, { id: FACTS.id, password: FACTS.password, passwordKnownGood: false });
    for (let round = 0; round < 3; round += 1) {
      await askDatabase(actor, UID, ACCESS, signal);
      await changeDatabase(actor, UID, ACCESS, steps, signal);
    }
    const known = actor.memories.get(UID).database;
    expect(known).toMatchObject({ failures: 3, answer: { ok: false } });
    expect(JSON.stringify(known?.answer)).toContain('no space left on device');
  });

  it('takes a change without effect for a failure: it would be sent again at once, for ever', async () => {
    const actor = tools(engine(() => ({})));
    const state = { databases: [], users: [], grants: [], retentionPolicies: [], continuousQueries: [] };
    const steps = planDatabase(state, { id: FACTS.id, password: FACTS.password, passwordKnownGood: false });
    await changeDatabase(actor, UID, ACCESS, steps, signal);
    expect(actor.memories.get(UID).database).toMatchObject({
      failures: 1,
      answer: { ok: false, kind: 'Refused' },
    });
  });

  it('holds no password', async () => {
    const echoing = new ScriptedTransport((request: InfluxRequest) => engineAnswer(500, request.body ?? ''));
    const actor = tools(echoing);
    await askDatabase(actor, UID, ACCESS, signal);
    await probeDatabase(actor, UID, ACCESS, 'r1', signal);
    const text = JSON.stringify(actor.memories.get(UID).database);
    for (const secret of [FACTS.password, FACTS.adminPassword]) expect(text).not.toContain(secret);
  });

  it('tells which of two passwords the administrator has, and holds neither', async () => {
    const rotation = {
      phase: 'Preparing',
      since: NOW.toISOString(),
      username: `${FACTS.id}_b`,
      password: 'next-password-0123456789',
      adminPassword: 'next-administrator-0123456789',
    } as const;
    for (const [accepted, administrator] of [
      [FACTS.adminPassword, undefined],
      [rotation.adminPassword, 'Other'],
    ] as const) {
      const transport = new ScriptedTransport((request) =>
        request.auth?.password === accepted || request.auth?.username !== 'admin'
          ? answering(() => ({}))(request)
          : engineAnswer(401, { error: 'authorization failed' }),
      );
      const actor = tools(transport);
      await askDatabase(actor, UID, { ...ACCESS, rotation }, signal);
      const { database } = actor.memories.get(UID);
      expect(database?.answer).toMatchObject({ ok: true });
      expect(database?.answer).toEqual(
        administrator === undefined
          ? expect.not.objectContaining({ administrator: 'Other' })
          : expect.objectContaining({ administrator }),
      );
      expect(JSON.stringify(database)).not.toMatch(/next-/);
    }
  });

  it('is not learned from a call that was given up', async () => {
    const actor = tools(
      new ScriptedTransport(() => {
        throw new Error('aborted');
      }),
    );
    const gone = AbortSignal.abort(new Error('shutting down'));
    await expect(askDatabase(actor, UID, ACCESS, gone)).rejects.toThrow();
    expect(actor.memories.get(UID).database).toBeUndefined();
  });
});
