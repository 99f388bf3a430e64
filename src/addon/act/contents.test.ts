import { describe, expect, it } from 'vitest';
import type { ContentsStep } from '../../contents/step.ts';
import { InfluxError } from '../../influx/influx-error.ts';
import { engineAnswer, ScriptedTransport, statementsOf } from '../../influx/testing/scripted-transport.ts';
import { askDatabase } from './database.ts';
import { changeContents } from './contents.ts';
import type { Action } from '../decision/action.ts';
import { digestOf } from '../database/contents/next.ts';
import { Memories } from '../observe/memories.ts';
import { repairedEvents } from '../database/repaired.ts';
import { ACCESS, FACTS, NOW, worldOf } from '../testing/fixtures.ts';

const UID = 'addon-uid';
const { signal } = new AbortController();
const access = ACCESS;
const DROP: ContentsStep = {
  what: 'DropRetentionPolicy',
  name: 'week',
  statement: 'DROP RETENTION POLICY "week" ON "db"',
  as: 'Administrator',
};
const QUERY: ContentsStep = {
  what: 'PutContinuousQuery',
  name: 'hourly',
  statement: 'CREATE CONTINUOUS QUERY "hourly" …',
  as: 'Application',
  mark: 'mark',
};
const action = (...steps: ContentsStep[]): Extract<Action, { do: 'changeContents' }> => ({
  do: 'changeContents',
  access,
  steps,
  generation: 1,
});
const SERIES = (columns: string[], ...values: unknown[][]) => ({
  series: [{ name: FACTS.id, columns, values }],
});
const SHOWN: Record<string, object> = {
  'SHOW DATABASES': SERIES(['name'], [FACTS.id]),
  'SHOW USERS': SERIES(['user', 'admin'], ['admin', true]),
  'SHOW CONTINUOUS QUERIES': SERIES(['name', 'query'], ['hourly', 'of somebody else']),
};

/** An engine that tells how it is and makes of a change what the script says. */
function engine(change: (statement: string) => object) {
  const transport = new ScriptedTransport((request) => {
    const results = statementsOf(request).map((statement, index) => ({
      statement_id: index,
      ...(SHOWN[statement] ?? (statement.startsWith('SHOW') ? {} : change(statement))),
    }));
    return engineAnswer(200, { results });
  });
  const clock = { now: () => NOW.getTime(), monotonic: () => 0, after: () => ({ cancel: () => {} }) };
  return { influx: transport, memories: new Memories(), clock };
}

const throwing = (kind: 'Timeout' | 'Unreachable') => () => {
  throw new InfluxError(kind, 'no answer');
};

describe('a statement that is not answered in time', () => {
  it('is remembered as sent, and says nothing of a database that answers', async () => {
    const actor = engine(throwing('Timeout'));
    await changeContents(actor, UID, action(DROP, QUERY), signal);
    const { contents, database } = actor.memories.get(UID);
    expect(contents?.sent.get(digestOf(DROP))).toMatchObject({ times: 1, timedOut: true });
    expect(database).toMatchObject({ failures: 0, answer: { ok: true } });
    const [first] = actor.influx.requests;
    expect(first?.timeoutMs).toBe(15_000);
    // What was to be sent after it was not, and is not known to be as listed.
    expect([contents?.sent.has(digestOf(QUERY)), contents?.revisions.has('hourly')]).toEqual([false, false]);
  });

  it('is remembered while it is under way', async () => {
    const remembered: unknown[] = [];
    const actor = engine(() => {
      remembered.push(actor.memories.get(UID).contents?.sent.has(digestOf(DROP)));
      return {};
    });
    await changeContents(actor, UID, action(DROP), signal);
    expect(remembered).toEqual([true]);
    expect(actor.memories.get(UID).contents?.sent.get(digestOf(DROP))?.timedOut).toBeUndefined();
  });

  it('is a failure when it should be quick, and one that never arrived was not sent', async () => {
    const quick = engine(throwing('Timeout'));
    await changeContents(quick, UID, action(QUERY), signal);
    expect(quick.memories.get(UID).database).toMatchObject({ failures: 1, answer: { ok: false } });
    const away = engine(throwing('Unreachable'));
    await changeContents(away, UID, action(DROP), signal);
    expect(away.memories.get(UID).contents?.sent.size).toBe(0);
  });
});

describe('a continuous query that was perhaps put', () => {
  const GONE: ContentsStep = {
    what: 'DropContinuousQuery',
    name: 'hourly',
    statement: 'DROP CONTINUOUS QUERY "hourly" ON "db"',
    as: 'Application',
    onlyIf: 'CREATE CONTINUOUS QUERY "hourly" …',
  };
  async function drop(change: (statement: string) => object) {
    const changes: string[] = [];
    const actor = engine((statement) => {
      changes.push(statement.slice(0, 4));
      return change(statement);
    });
    await askDatabase(actor, UID, access, signal);
    await changeContents(actor, UID, action(GONE), signal);
    const { contents } = actor.memories.get(UID);
    return { changes, foreign: contents?.foreign?.get('hourly'), sent: contents?.sent.get(digestOf(GONE)) };
  }

  it('is dropped when the engine takes it for what was listed', async () => {
    expect(await drop(() => ({}))).toMatchObject({ changes: ['CREA', 'DROP'], foreign: undefined });
  });

  it.each(['continuous query already exists', 'error parsing query', 'not authorized to execute'])(
    'is somebody else’s when the engine says: %s',
    async (error) => {
      expect(await drop(() => ({ error }))).toMatchObject({
        changes: ['CREA'],
        foreign: 'of somebody else',
        sent: { refusal: undefined },
      });
    },
  );

  it('is left for another time when the application may not log in', async () => {
    const refused = () => {
      throw new InfluxError('Unauthorized', 'authorization failed', { status: 401 });
    };
    const found = await drop(refused);
    expect(found).toMatchObject({ changes: ['CREA'], sent: { refusal: 'authorization failed' } });
    expect(found.foreign).toBeUndefined();
  });
});

it('another text replaces one that the engine takes for the same', async () => {
  const changes: string[] = [];
  const actor = engine((statement) => {
    changes.push(statement.slice(0, 4));
    return {};
  });
  const step: ContentsStep = { ...QUERY, makesRoom: 'DROP CONTINUOUS QUERY "hourly" ON "db"' };
  await changeContents(actor, UID, action(step), signal);
  await changeContents(actor, UID, action({ ...step, replaces: true }), signal);
  expect(changes).toEqual(['CREA', 'CREA', 'DROP', 'CREA']);
});

it('a refused statement is announced once, however often it is tried', async () => {
  const actor = engine(() => ({ error: 'no' }));
  const events = () => repairedEvents(worldOf({ memory: actor.memories.get(UID) }), action(DROP));
  expect(events()).toHaveLength(1);
  await changeContents(actor, UID, action(DROP), signal);
  expect(events()).toEqual([]);
});
