import { describe, expect, it } from 'vitest';
import { markOf, planContinuousQueries, revisionOf, type QueryInput } from './continuous-queries.ts';
import { mistakesOf, wishesOf } from './wishes.ts';

const QUERY = 'SELECT mean(v) INTO b FROM a GROUP BY time(1h)';
const SHOWN = 'CREATE CONTINUOUS QUERY hourly ON db BEGIN SELECT mean(v) INTO db.autogen.b …';

function plan(rest: Partial<QueryInput> = {}, query = QUERY) {
  return planContinuousQueries({
    id: 'db',
    wishes: wishesOf({ spec: { plan: '1g', continuousQueries: [{ name: 'hourly', query }] } }),
    state: [],
    record: { retentionPolicies: [], continuousQueries: [{ name: 'hourly', query }] },
    revisions: new Map(),
    ...rest,
  });
}

const revision = (query = QUERY, defaultPolicy = 'autogen', shown = SHOWN) =>
  new Map([['hourly', revisionOf(markOf({ name: 'hourly', query }, defaultPolicy), shown) ?? '']]);
const OLD = { name: 'old', query: 'SELECT 1' };
const RECORD = { retentionPolicies: [], continuousQueries: [{ name: 'hourly', query: QUERY }, OLD] };
const RECORD_OF_OTHER_TEXT = {
  retentionPolicies: [],
  continuousQueries: [{ name: 'hourly', query: 'SELECT 2' }],
};
const there = [{ name: 'hourly', query: SHOWN }];

describe('continuous queries', () => {
  it('are made as the application, tried before another one of the name goes', () => {
    expect(plan()).toMatchObject([
      {
        what: 'PutContinuousQuery',
        as: 'Application',
        statement: `CREATE CONTINUOUS QUERY "hourly" ON "db" BEGIN ${QUERY}\nEND`,
        makesRoom: 'DROP CONTINUOUS QUERY "hourly" ON "db"',
      },
    ]);
  });

  it.each<[string, Partial<QueryInput>, string[]]>([
    ['one that is as it was made stays', { state: there, revisions: revision() }, []],
    ['one that is not known is put', { state: there }, ['PutContinuousQuery']],
    ['one that was dropped is put', { revisions: revision() }, ['PutContinuousQuery']],
    [
      'one with another text is put',
      { state: there, revisions: revision('SELECT …') },
      ['PutContinuousQuery'],
    ],
    [
      'one that somebody replaced is put',
      { state: [{ name: 'hourly', query: 'else' }], revisions: revision() },
      ['PutContinuousQuery'],
    ],
    [
      'one of another default policy is put',
      { state: there, revisions: revision(QUERY, 'week') },
      ['PutContinuousQuery'],
    ],
    ['one that is not recorded is not put', { record: { retentionPolicies: [], continuousQueries: [] } }, []],
    ['of others stay', { state: [...there, { name: 'theirs', query: 'x' }], revisions: revision() }, []],
    [
      'not listed any more goes',
      {
        state: [...there, { name: 'old', query: 'x' }],
        revisions: new Map([...revision(), ['old', revisionOf('m', 'x') ?? '']]),
        record: RECORD,
      },
      ['DropContinuousQuery'],
    ],
    [
      'somebody else put one of the name in its place: it stays',
      {
        state: [...there, { name: 'old', query: 'y' }],
        revisions: new Map([...revision(), ['old', revisionOf('m', 'x') ?? '']]),
        foreign: new Map([['old', 'y']]),
        record: RECORD,
      },
      [],
    ],
    [
      'nobody knows what was listed: it stays',
      {
        state: [...there, { name: 'old', query: 'x' }],
        revisions: revision(),
        record: { ...RECORD, continuousQueries: [{ name: 'hourly', query: QUERY }, { name: 'old' }] },
      },
      [],
    ],
    ['one that is recorded with another text is not put yet', { record: RECORD_OF_OTHER_TEXT }, []],
  ])('%s', (_, rest, expected) => {
    expect(plan(rest).map(({ what }) => what)).toEqual(expected);
  });

  it.each<[string, string, boolean]>([
    ['another text was put before', 'SELECT mean(V) INTO b FROM a GROUP BY time(1h)', true],
    ['it was put with this one', QUERY, false],
  ])('replace one that is there when it is known that %s', (_, before, replaces) => {
    const state = [{ name: 'hourly', query: 'changed since' }];
    const [step] = plan({ state, revisions: revision(before) });
    expect(step?.replaces === true).toBe(replaces);
  });

  it('that are listed no more and were perhaps put go only if the engine takes them for what was listed', () => {
    const state = [...there, { name: 'old', query: 'x' }];
    for (const known of [new Map(), new Map([['old', revisionOf('m', 'before') ?? '']])])
      expect(plan({ state, record: RECORD, revisions: new Map([...revision(), ...known]) })).toMatchObject([
        {
          what: 'DropContinuousQuery',
          as: 'Application',
          onlyIf: 'CREATE CONTINUOUS QUERY "old" ON "db" BEGIN SELECT 1\nEND',
          statement: 'DROP CONTINUOUS QUERY "old" ON "db"',
        },
      ]);
  });

  it('with a semicolon are refused, and one that is there is left', () => {
    const spec = {
      plan: '1g',
      continuousQueries: [{ name: 'hourly', query: `${QUERY}; DROP SERIES FROM a` }],
    };
    expect(mistakesOf({ spec })).toMatchObject([
      { reason: 'ContinuousQueryRefused', message: expect.stringContaining('hourly') },
    ]);
    expect(plan({ state: there, wishes: wishesOf({ spec }) })).toEqual([]);
  });
});
