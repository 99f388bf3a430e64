import { describe, expect, it } from 'vitest';
import type { RetentionPolicyState, Shard } from '../influx/state.ts';
import { allowedLossOf } from './allowed-loss.ts';
import { nextRecord } from './next-record.ts';
import { type ContentsRecord, readRecord, writeRecord } from './record.ts';
import { planRetentionPolicies, type PolicyInput } from './retention-policies.ts';
import { wishesOf } from './wishes.ts';

const NOW = Date.parse('2030-06-01T00:00:00Z');
const DAY = 86_400;
const AUTOGEN: RetentionPolicyState = {
  name: 'autogen',
  durationSeconds: 0,
  shardDurationSeconds: 7 * DAY,
  default: true,
};
const WEEK = { name: 'week', durationSeconds: 7 * DAY, shardDurationSeconds: DAY, default: false };

type Spec = Parameters<typeof wishesOf>[0]['spec'];

function input(spec: Partial<Spec>, rest: Partial<PolicyInput> = {}): PolicyInput {
  return {
    id: 'db',
    wishes: wishesOf({ spec: { plan: '1g', ...spec } }),
    state: [AUTOGEN],
    record: { retentionPolicies: ['week'], continuousQueries: [] },
    shards: [],
    allowed: allowedLossOf(undefined),
    nowMs: NOW,
    ...rest,
  };
}

const statements = (from: PolicyInput) => planRetentionPolicies(from).steps.map(({ statement }) => statement);
const week = (duration: string, shardDuration?: string) => ({
  retentionPolicies: [{ name: 'week', duration, ...(shardDuration === undefined ? {} : { shardDuration }) }],
});
/** A span of a week's data that began so many days ago. */
const shard = (policy: string, daysAgo: number, bytes: number | undefined = 1_000): Shard => ({
  policy,
  startMs: NOW - daysAgo * DAY * 1000,
  endMs: NOW - (daysAgo - 1) * DAY * 1000,
  bytes,
});

describe('retention policies', () => {
  it.each<[string, Partial<Spec>, RetentionPolicyState[], string[]]>([
    [
      'makes what is missing, with the shards that the engine would choose',
      week('7d'),
      [AUTOGEN],
      ['CREATE RETENTION POLICY "week" ON "db" DURATION 604800s REPLICATION 1 SHARD DURATION 86400s'],
    ],
    ['leaves what is the same by value', week('1w', '24h'), [AUTOGEN, WEEK], []],
    [
      'lengthens at once',
      week('INF'),
      [AUTOGEN, WEEK],
      ['ALTER RETENTION POLICY "week" ON "db" DURATION INF REPLICATION 1 SHARD DURATION 604800s'],
    ],
    [
      'changes the shards alone',
      week('7d', '12h'),
      [AUTOGEN, WEEK],
      ['ALTER RETENTION POLICY "week" ON "db" DURATION 604800s REPLICATION 1 SHARD DURATION 43200s'],
    ],
    [
      'makes it the default',
      { ...week('7d'), defaultRetentionPolicy: 'week' },
      [AUTOGEN, WEEK],
      ['ALTER RETENTION POLICY "week" ON "db" DEFAULT'],
    ],
    [
      'makes a default that was dropped again, in one statement',
      { ...week('7d'), defaultRetentionPolicy: 'week' },
      [{ ...AUTOGEN, default: false }],
      ['CREATE RETENTION POLICY "week" ON "db" DURATION 604800s REPLICATION 1 SHARD DURATION 86400s DEFAULT'],
    ],
    [
      'makes the built-in default again when it was dropped',
      week('7d'),
      [WEEK],
      ['CREATE RETENTION POLICY "autogen" ON "db" DURATION INF REPLICATION 1 SHARD DURATION 604800s DEFAULT'],
    ],
    [
      'leaves the built-in policy dropped where it is not the default',
      { ...week('7d'), defaultRetentionPolicy: 'week' },
      [{ ...WEEK, default: true }],
      [],
    ],
    [
      'gives the built-in policy a duration that is listed',
      { retentionPolicies: [{ name: 'autogen', duration: 'INF', shardDuration: '1d' }] },
      [AUTOGEN],
      ['ALTER RETENTION POLICY "autogen" ON "db" DURATION INF REPLICATION 1 SHARD DURATION 86400s'],
    ],
    [
      'drops what is not listed any more and holds nothing',
      {},
      [AUTOGEN, WEEK],
      ['DROP RETENTION POLICY "week" ON "db"'],
    ],
    ['leaves what was never listed', {}, [AUTOGEN, { ...WEEK, name: 'theirs' }], []],
    [
      'takes the built-in policy as the default when none is named',
      {},
      [
        { ...AUTOGEN, default: false },
        { ...WEEK, name: 'theirs', default: true },
      ],
      ['ALTER RETENTION POLICY "autogen" ON "db" DEFAULT'],
    ],
  ])('%s', (_, spec, state, expected) => {
    expect(statements(input(spec, { state }))).toEqual(expected);
  });

  it('drops the policy that is the default once another one is that', () => {
    const state = [
      { ...AUTOGEN, default: false },
      { ...WEEK, default: true },
    ];
    expect(statements(input({}, { state }))).toEqual(['ALTER RETENTION POLICY "autogen" ON "db" DEFAULT']);
    expect(statements(input({}, { state: [AUTOGEN, WEEK] }))).toEqual([
      'DROP RETENTION POLICY "week" ON "db"',
    ]);
  });

  it('makes nothing that is not recorded', () => {
    const record: ContentsRecord = { retentionPolicies: [], continuousQueries: [] };
    expect(statements(input(week('7d'), { record }))).toEqual([]);
  });

  it('makes the built-in policy endless again when it is not listed any more', () => {
    const record: ContentsRecord = { retentionPolicies: ['autogen'], continuousQueries: [] };
    const state = [{ ...AUTOGEN, durationSeconds: DAY, shardDurationSeconds: 3_600 }];
    expect(statements(input({}, { record, state }))).toEqual([
      'ALTER RETENTION POLICY "autogen" ON "db" DURATION INF REPLICATION 1 SHARD DURATION 604800s',
    ]);
    // And what somebody else made of it stays.
    expect(statements(input({}, { state }))).toEqual([]);
  });

  it('neither makes nor drops a policy that no engine would take', () => {
    expect(statements(input(week('1d', '2d'), { state: [AUTOGEN, WEEK] }))).toEqual([]);
  });
});

describe('a policy that is shortened or removed', () => {
  const state = [AUTOGEN, WEEK];

  it('waits until it is known what it holds', () => {
    for (const spec of [week('1d'), {}])
      expect(planRetentionPolicies(input(spec, { state, shards: undefined }))).toMatchObject({
        steps: [],
        problems: [],
        needsShards: true,
      });
  });

  it.each<[string, Partial<Spec>, Shard[], boolean]>([
    ['loses a shard that is too old', week('1d'), [shard('week', 5)], true],
    ['may lose part of a shard', week('1d', '1h'), [{ ...shard('week', 5), endMs: NOW }], true],
    ['loses nothing that is young enough', week('3d'), [shard('week', 2)], false],
    ['loses nothing of another policy', week('1d'), [shard('autogen', 500)], false],
    ['loses nothing of an empty shard', {}, [shard('week', 5, 0)], false],
    ['may lose a shard of unknown size', {}, [{ ...shard('week', 5), bytes: undefined }], true],
    ['loses all when it goes', {}, [shard('week', 0)], true],
  ])('%s', (_, spec, shards, isLoss) => {
    const plan = planRetentionPolicies(input(spec, { state, shards }));
    expect(plan.problems.map(({ reason }) => reason)).toEqual(isLoss ? ['DataLossNotAllowed'] : []);
    expect(plan.steps).toHaveLength(isLoss ? 0 : 1);
  });

  it('says how much goes and how it is allowed', () => {
    const shards = [shard('week', 6, 30 * 2 ** 20), shard('week', 5, 2 ** 20), shard('week', 0)];
    const [problem] = planRetentionPolicies(input(week('2d'), { state, shards })).problems;
    expect(problem?.message).toBe(
      'spec.retentionPolicies: shortening week from 7d to 2d deletes data: up to 31 MiB in 2 shards, the oldest of 2030-05-26. Set the annotation influxaddon.dev/allow-data-loss: week=2d to go on, or take the change back.',
    );
  });

  it('goes on once the annotation is recorded, for this change alone', () => {
    const shards = [shard('week', 5)];
    const asked = (spec: Partial<Spec>, record: ContentsRecord, text: string | undefined) => {
      const allowed = allowedLossOf(text);
      const from = input(spec, { state, shards, record, allowed });
      const plan = planRetentionPolicies(from);
      const wishes = wishesOf({ spec: { plan: '1g', ...spec } });
      const next = nextRecord({
        record,
        wishes,
        state: { retentionPolicies: state, continuousQueries: [] },
        losses: plan.losses,
        allowed,
      });
      return { plan, next };
    };
    const record: ContentsRecord = { retentionPolicies: ['week'], continuousQueries: [] };
    for (const text of ['other=1d', 'week', 'week=', 'week=2d', 'week=removed', 'week=1d=1d', ',=1d'])
      expect(asked(week('1d'), record, text).next).toEqual(record);
    const first = asked(week('1d'), record, 'week=24h');
    expect(first.plan.steps).toEqual([]);
    expect(first.next.consents).toEqual([{ policy: 'week', change: DAY }]);
    expect(asked(week('1d'), first.next, ' other=removed , week = 1d').plan.steps).toHaveLength(1);
    for (const [spec, change] of [
      [week('2d'), '2d'],
      [week('2h'), '2h'],
      [{}, 'removed'],
    ] as const) {
      const another = asked(spec, first.next, 'week=1d');
      expect(another.plan.steps).toEqual([]);
      expect(another.plan.problems[0]?.message).toContain(
        `Set the annotation influxaddon.dev/allow-data-loss: week=${change} `,
      );
    }
    expect(asked(week('1d'), first.next, 'week').plan.steps).toEqual([]);
    const withdrawn = asked(week('1d'), first.next, undefined);
    expect(withdrawn.plan.steps).toEqual([]);
    expect(withdrawn.next.consents).toBeUndefined();
  });
});

describe('an annotation that stays', () => {
  /** Durations that the policy has in turn, as listed and as it then is; undefined where it is dropped. */
  it.each<[string, string, (string | undefined)[]]>([
    ['a removal', 'week=removed', [undefined, '7d', undefined]],
    ['a shortening', 'week=1d', ['1d', '7d', '1d']],
    ['a shortening less than was allowed', 'week=1d', ['1d', '7d', '2d']],
    ['a shortening after a removal', 'week=removed', [undefined, '7d', '1d']],
  ])('allows no second loss: %s', (_, text, [first, between, second]) => {
    const allowed = allowedLossOf(text);
    const spec = (duration: string | undefined) => (duration === undefined ? {} : week(duration));
    const shards = [shard('week', 6)];
    let record: ContentsRecord = { retentionPolicies: ['week'], continuousQueries: [] };
    const pass = (duration: string | undefined, state: RetentionPolicyState[]) => {
      const plan = planRetentionPolicies(input(spec(duration), { state, shards, record, allowed }));
      const wishes = wishesOf({ spec: { plan: '1g', ...spec(duration) } });
      const known = { retentionPolicies: state, continuousQueries: [] };
      record = nextRecord({ record, wishes, state: known, losses: plan.losses, allowed });
      return plan;
    };
    const done = (duration: string | undefined) => {
      const [wish] = wishesOf({ spec: { plan: '1g', ...spec(duration) } }).retentionPolicies;
      return wish === undefined ? [AUTOGEN] : [AUTOGEN, { ...wish, default: false }];
    };
    pass(first, done('7d'));
    expect(pass(first, done('7d')).steps).toHaveLength(1);
    pass(first, done(first));
    expect(record.consents).toMatchObject([{ policy: 'week', used: true }]);
    pass(between, done(first));
    pass(between, done(between));
    for (let time = 0; time < 2; time += 1) {
      const { steps, problems } = pass(second, done(between));
      expect(steps).toEqual([]);
      const same = first === second;
      expect(problems[0]?.message).toContain(same ? 'remove it and set it again' : 'Set the annotation');
    }
  });

  it('allows several changes, each by its own value', () => {
    const both = { ...WEEK, name: 'other' };
    const shards = [shard('week', 6), shard('other', 6)];
    const allowed = allowedLossOf('week=1d,other=removed');
    const state = [AUTOGEN, WEEK, both];
    const record: ContentsRecord = { retentionPolicies: ['other', 'week'], continuousQueries: [] };
    const { losses } = planRetentionPolicies(input(week('1d'), { state, shards, record, allowed }));
    const wishes = wishesOf({ spec: { plan: '1g', ...week('1d') } });
    const known = { retentionPolicies: state, continuousQueries: [] };
    const next = nextRecord({ record, wishes, state: known, losses, allowed });
    expect(readRecord(writeRecord(next))).toEqual(next);
    const { steps } = planRetentionPolicies(input(week('1d'), { state, shards, record: next, allowed }));
    expect(steps.map(({ what, name }) => `${what} ${name}`)).toEqual([
      'AlterRetentionPolicy week',
      'DropRetentionPolicy other',
    ]);
  });

  it('of a release that took a name alone allows nothing, and is no reason for a write', () => {
    const text =
      '{"retentionPolicies":["week"],"continuousQueries":[],"consent":{"policy":"week","change":86400}}';
    const record = readRecord(text);
    if (record === undefined) throw new Error('not read');
    const allowed = allowedLossOf('week');
    const shards = [shard('week', 6)];
    const state = [AUTOGEN, WEEK];
    const { steps } = planRetentionPolicies(input(week('1d'), { state, shards, record, allowed }));
    expect(steps).toEqual([]);
    const wishes = wishesOf({ spec: { plan: '1g', ...week('1d') } });
    const known = { retentionPolicies: state, continuousQueries: [] };
    expect(writeRecord(nextRecord({ record, wishes, state: known, losses: [], allowed }))).toBe(text);
  });

  it('counts as used also for the next process', () => {
    const consents = [{ policy: 'week', change: DAY, used: true }] as const;
    const record = { retentionPolicies: [], continuousQueries: [], consents };
    expect(readRecord(writeRecord(record))).toEqual(record);
  });
});

describe('nextRecord', () => {
  const GONE = { name: 'gone', query: 'SELECT' };
  const record: ContentsRecord = { retentionPolicies: ['old', 'week'], continuousQueries: [GONE] };
  const none = wishesOf({ spec: { plan: '1g' } });
  const next = (state: Parameters<typeof nextRecord>[0]['state'], wishes = none) =>
    nextRecord({ record, wishes, state, losses: [], allowed: new Map() });

  it('forgets nothing of a database that does not answer', () => {
    expect(next(undefined)).toEqual(record);
  });

  it('forgets what is neither listed nor there', () => {
    const query = { name: 'gone', query: 'CREATE …' };
    expect(next({ retentionPolicies: [AUTOGEN, WEEK], continuousQueries: [query] })).toEqual({
      retentionPolicies: ['week'],
      continuousQueries: [GONE],
    });
    expect(next({ retentionPolicies: [AUTOGEN], continuousQueries: [] })).toEqual({
      retentionPolicies: [],
      continuousQueries: [],
    });
  });

  it('forgets a query of a name that was listed when it turns out to be somebody else’s', () => {
    const query = { name: 'gone', query: 'CREATE …' };
    const known = { retentionPolicies: [AUTOGEN], continuousQueries: [query] };
    const queries = { revisions: new Map(), foreign: new Map([['gone', 'CREATE …']]) };
    const after = nextRecord({ record, wishes: none, state: known, losses: [], allowed: new Map(), queries });
    expect(after.continuousQueries).toEqual([]);
    const changed = { ...queries, foreign: new Map([['gone', 'CREATE before']]) };
    const kept = nextRecord({
      record,
      wishes: none,
      state: known,
      losses: [],
      allowed: new Map(),
      queries: changed,
    });
    expect(kept.continuousQueries).toEqual([GONE]);
  });

  it('has what is listed before it is made', () => {
    const wishes = wishesOf({
      spec: { plan: '1g', ...week('7d'), continuousQueries: [{ name: 'hourly', query: 'SELECT' }] },
    });
    expect(next({ retentionPolicies: [AUTOGEN], continuousQueries: [] }, wishes)).toEqual({
      retentionPolicies: ['week'],
      continuousQueries: [{ name: 'hourly', query: 'SELECT' }],
    });
  });
});
