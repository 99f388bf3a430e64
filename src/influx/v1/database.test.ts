import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InfluxClient } from './client.ts';
import { planDatabase, readDatabase } from './database.ts';
import { type DatabaseState } from '../state.ts';
import { engineAnswer, ScriptedTransport, statementsOf } from '../testing/scripted-transport.ts';

const id = 'my_app_3707';
const want = { id, password: 'correct-horse', passwordKnownGood: true };
const autogen = { name: 'autogen', durationSeconds: 0, shardDurationSeconds: 604_800, default: true };
const right: DatabaseState = {
  databases: [id],
  users: [
    { name: 'admin', admin: true },
    { name: id, admin: false },
  ],
  grants: [{ database: id, privilege: 'ALL PRIVILEGES' }],
  retentionPolicies: [autogen],
  continuousQueries: [],
};
const nothing: DatabaseState = {
  databases: [],
  users: [{ name: 'admin', admin: true }],
  grants: [],
  retentionPolicies: [],
  continuousQueries: [],
};

describe('planDatabase', () => {
  it.each<[string, DatabaseState, boolean, string[]]>([
    ['nothing is there', nothing, false, ['CreateDatabase', 'CreateUser', 'Grant']],
    ['all is right', right, true, []],
    ['the password was not seen to work', right, false, ['SetPassword']],
    ['only the database is there', { ...right, users: [], grants: [] }, false, ['CreateUser', 'Grant']],
    [
      'only the user is there',
      { ...right, databases: [], grants: [] },
      false,
      ['CreateDatabase', 'SetPassword', 'Grant'],
    ],
    [
      'the grant was revoked',
      { ...right, grants: [{ database: id, privilege: 'NO PRIVILEGES' }] },
      true,
      ['Grant'],
    ],
    ['the grant is too small', { ...right, grants: [{ database: id, privilege: 'READ' }] }, true, ['Grant']],
    [
      'the grant is on another database',
      { ...right, grants: [{ database: 'x', privilege: 'ALL PRIVILEGES' }] },
      true,
      ['Grant'],
    ],
    [
      'the database was dropped with its grants',
      { ...right, databases: [] },
      true,
      ['CreateDatabase', 'Grant'],
    ],
    [
      'the user was made an administrator',
      { ...right, users: [{ name: id, admin: true }] },
      true,
      ['RevokeAdmin'],
    ],
  ])('when %s', (_, state, passwordKnownGood, steps) => {
    expect(planDatabase(state, { ...want, passwordKnownGood }).map(({ what }) => what)).toEqual(steps);
  });

  it('marks exactly the statements that hold the password', () => {
    const steps = [
      ...planDatabase(nothing, want),
      ...planDatabase(right, { ...want, passwordKnownGood: false }),
    ];
    for (const { statement, secret } of steps) expect(statement.includes(want.password)).toBe(secret);
    expect(steps.some(({ secret }) => secret)).toBe(true);
  });

  it('ends with all right from any state, cut off after any step', () => {
    const states: fc.Arbitrary<DatabaseState> = fc.record({
      databases: fc.subarray([id, 'other']),
      users: fc.uniqueArray(fc.record({ name: fc.constantFrom(id, 'admin', 'guest'), admin: fc.boolean() }), {
        selector: ({ name }) => name,
      }),
      grants: fc.uniqueArray(
        fc.record({
          database: fc.constantFrom(id, 'other'),
          privilege: fc.constantFrom('ALL PRIVILEGES', 'READ', 'WRITE', 'NO PRIVILEGES'),
        }),
        { selector: ({ database }) => database },
      ),
      retentionPolicies: fc.subarray([
        { ...autogen, default: false },
        { ...autogen, name: 'week' },
      ]),
      continuousQueries: fc.constant<DatabaseState['continuousQueries']>([]),
    });
    fc.assert(
      fc.property(states, fc.array(fc.nat(4), { maxLength: 4 }), (start, cuts) => {
        let state = start;
        for (const cut of cuts)
          for (const { what } of planDatabase(state, want).slice(0, cut)) state = after(state, what);
        for (const { what } of planDatabase(state, want)) state = after(state, what);
        expect(planDatabase(state, want)).toEqual([]);
        expect(state.users.filter(({ name }) => name !== id)).toEqual(
          start.users.filter(({ name }) => name !== id),
        );
      }),
    );
  });
});

/** A model of the engine, just large enough for the steps. */
function after(state: DatabaseState, what: string): DatabaseState {
  const others = state.users.filter(({ name }) => name !== id);
  switch (what) {
    case 'CreateDatabase':
      return { ...state, databases: [...state.databases, id], retentionPolicies: [autogen] };
    case 'CreateUser':
      return { ...state, users: [...others, { name: id, admin: false }], grants: [] };
    case 'RevokeAdmin':
      return { ...state, users: [...others, { name: id, admin: false }] };
    case 'Grant':
      return {
        ...state,
        grants: [
          ...state.grants.filter(({ database }) => database !== id),
          { database: id, privilege: 'ALL PRIVILEGES' },
        ],
      };
    default:
      throw new Error(`the model knows no step ${what}`);
  }
}

describe('readDatabase', () => {
  const databases = { series: [{ name: 'databases', columns: ['name'], values: [[id]] }] };
  const noDatabases = { series: [{ name: 'databases', columns: ['name'] }] };
  const users = {
    series: [
      {
        columns: ['user', 'admin'],
        values: [
          ['admin', true],
          [id, false],
        ],
      },
    ],
  };
  const queries = {
    series: [
      { name: 'other', columns: ['name', 'query'], values: [['x', 'not ours']] },
      { name: id, columns: ['name', 'query'], values: [['cpu_1h', 'CREATE CONTINUOUS QUERY ...']] },
    ],
  };
  const policies = {
    series: [
      {
        columns: ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'],
        values: [['autogen', '0s', '168h0m0s', 1, true]],
      },
    ],
  };
  const grants = { series: [{ columns: ['database', 'privilege'], values: [[id, 'ALL PRIVILEGES']] }] };

  it('reads all of it in one request', async () => {
    const transport = new ScriptedTransport(() =>
      engineAnswer(200, {
        results: [databases, users, queries, policies, grants].map((result, statement_id) => ({
          statement_id,
          ...result,
        })),
      }),
    );
    const client = new InfluxClient(transport, { host: 'x', port: 1 });
    expect(await readDatabase(client, { id })).toEqual({
      ...right,
      continuousQueries: [{ name: 'cpu_1h', query: 'CREATE CONTINUOUS QUERY ...' }],
    });
    expect(transport.requests).toHaveLength(1);
  });

  it('asks for the grants again when the missing database kept the engine from telling them', async () => {
    const transport = new ScriptedTransport((request) =>
      engineAnswer(200, {
        results:
          statementsOf(request).length === 1
            ? [grants]
            : [noDatabases, users, {}, { error: `database not found: ${id}` }, { error: 'not executed' }],
      }),
    );
    const state = await readDatabase(new InfluxClient(transport, { host: 'x', port: 1 }), { id });
    expect(state).toMatchObject({ databases: [], retentionPolicies: [], grants: right.grants });
    expect(transport.requests).toHaveLength(2);
  });

  it('takes no failure for an empty database', async () => {
    const transport = new ScriptedTransport(() =>
      engineAnswer(200, { results: [databases, { error: 'engine is closed' }] }),
    );
    const client = new InfluxClient(transport, { host: 'x', port: 1 });
    await expect(readDatabase(client, { id })).rejects.toMatchObject({ message: 'engine is closed' });
  });

  it('takes a failing policy query of an existing database as a failure', async () => {
    const transport = new ScriptedTransport(() =>
      engineAnswer(200, {
        results: [databases, users, queries, { error: 'timeout' }, { error: 'not executed' }],
      }),
    );
    const client = new InfluxClient(transport, { host: 'x', port: 1 });
    await expect(readDatabase(client, { id })).rejects.toMatchObject({ message: 'timeout' });
  });
});
