import { may } from './authorize.ts';
import { matches } from './condition.ts';
import { createDatabase, dropDatabase } from './databases.ts';
import { formatClock } from './duration.ts';
import { alterPolicy, createPolicy, dropPolicy } from './policies.ts';
import { printStatement } from './print.ts';
import { shardsOf } from './shards.ts';
import { resolve, runSelect, type Series } from './select.ts';
import { databaseOf, type EngineState, measurementsOf, StatementError, type User, userOf } from './state.ts';
import type { Measurement, Select, Statement } from './statement.ts';

export interface Context {
  /** The request's `db` and `rp`, empty when not given. */
  database: string;
  policy: string;
  /** Who asks; undefined: authentication is off, or the first user is being made. */
  user?: User | undefined;
  /** Nanoseconds since the epoch. */
  now: bigint;
}

/** Runs one statement against what is stored. The server's own refusals are StatementErrors. */
export function execute(state: EngineState, statement: Statement, context: Context): Series[] {
  switch (statement.type) {
    case 'CreateDatabase':
      return done(createDatabase(state, statement));
    case 'DropDatabase':
      return done(dropDatabase(state, statement.name));
    case 'CreateUser':
      return done(createUser(state, statement));
    case 'SetPassword':
      userOf(state, statement.name).password = statement.password;
      return [];
    case 'DropUser':
      userOf(state, statement.name);
      return done(state.users.delete(statement.name));
    case 'Grant': {
      const user = userOf(state, statement.user);
      databaseOf(state, statement.on);
      return done(user.grants.set(statement.on, statement.privilege));
    }
    case 'Revoke':
      return done(revoke(state, statement.user, statement.on, statement.privilege));
    case 'GrantAdmin':
    case 'RevokeAdmin':
      userOf(state, statement.user).admin = statement.type === 'GrantAdmin';
      return [];
    case 'ShowDatabases': {
      const { user } = context;
      const names = [...state.databases.keys()].filter(
        (name) => !user || may(user, 'READ', name) || may(user, 'WRITE', name),
      );
      return [
        table(
          ['name'],
          names.map((name) => [name]),
          'databases',
        ),
      ];
    }
    case 'ShowUsers':
      return [
        table(
          ['user', 'admin'],
          [...state.users.values()].map(({ name, admin }) => [name, admin]),
        ),
      ];
    case 'ShowGrants':
      return [table(['database', 'privilege'], [...userOf(state, statement.user).grants])];
    case 'ShowRetentionPolicies': {
      const { policies, defaultPolicy } = databaseOf(state, required(statement.on ?? context.database));
      return [
        table(
          ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'],
          policies.map(({ name, duration, shardDuration, replication }) => [
            name,
            formatClock(duration),
            formatClock(shardDuration),
            replication,
            name === defaultPolicy,
          ]),
        ),
      ];
    }
    case 'ShowContinuousQueries':
      return [...state.databases.values()].map(({ name, continuousQueries }) =>
        table(
          ['name', 'query'],
          continuousQueries.map((query) => [query.name, query.query]),
          name,
        ),
      );
    case 'ShowShards':
      return showShards(state);
    case 'ShowMeasurements': {
      const database = state.databases.get(required(statement.on ?? context.database));
      const names = database
        ? [...new Set([...measurementsOf(database)].map(([name]) => name))].toSorted()
        : [];
      return names.length > 0
        ? [
            table(
              ['name'],
              names.map((name) => [name]),
              'measurements',
            ),
          ]
        : [];
    }
    case 'ShowSeriesCardinality':
      return seriesCardinality(state, required(statement.on ?? context.database), statement.exact);
    case 'ShowMeasurementCardinality': {
      const database = state.databases.get(required(statement.on ?? context.database));
      const names = new Set(database ? [...measurementsOf(database)].map(([name]) => name) : []);
      return [table(['cardinality estimation'], [[names.size]])];
    }
    case 'ShowTagKeys':
      return tagsOf(state, required(statement.on ?? context.database), statement.from).map(([name, tags]) =>
        table(
          ['tagKey'],
          [...tags.keys()].toSorted().map((key) => [key]),
          name,
        ),
      );
    case 'ShowTagValuesCardinality':
      return tagsOf(state, required(statement.on ?? context.database), statement.from).flatMap(
        ([name, tags]) => {
          const values = tags.get(statement.key);
          return values ? [table(['count'], [[values.size]], name)] : [];
        },
      );
    case 'CreateRetentionPolicy':
      return done(createPolicy(state, statement));
    case 'AlterRetentionPolicy':
      return done(alterPolicy(state, statement));
    case 'DropRetentionPolicy':
      return done(dropPolicy(state, statement.on, statement.name));
    case 'CreateContinuousQuery':
      return done(createContinuousQuery(state, statement));
    case 'DropContinuousQuery': {
      const database = state.databases.get(statement.on);
      if (database) {
        database.continuousQueries = database.continuousQueries.filter(({ name }) => name !== statement.name);
      }
      return [];
    }
    case 'DropMeasurement':
      for (const measurements of databaseOf(state, context.database).data.values()) {
        measurements.delete(statement.name);
      }
      return [];
    case 'DropSeries':
    case 'Delete':
      return done(dropPoints(state, statement, context));
    case 'Select':
      return runSelect(state, statement, context.database, context.policy, context.now);
  }
}

/** One table for each database. */
function showShards(state: EngineState): Series[] {
  const shards = shardsOf(state);
  const instant = (nanoseconds: bigint) =>
    new Date(Number(nanoseconds / 1_000_000n)).toISOString().replace('.000', '');
  const columns = [
    'id',
    'database',
    'retention_policy',
    'shard_group',
    'start_time',
    'end_time',
    'expiry_time',
    'owners',
  ];
  return [...state.databases.values()].map((database) =>
    table(
      columns,
      shards
        .filter((shard) => shard.database === database)
        .map(({ id, policy, start, end, expiry }) => [
          id,
          database.name,
          policy,
          id,
          instant(start),
          instant(end),
          instant(expiry),
          '',
        ]),
      database.name,
    ),
  );
}

const done = (_effect: unknown): Series[] => [];

const table = (columns: string[], values: unknown[][], name?: string): Series => ({
  ...(name !== undefined && { name }),
  columns,
  ...(values.length > 0 && { values }),
});

function required(database: string): string {
  if (database === '') {
    throw new StatementError('database name required');
  }
  return database;
}

function createUser(
  state: EngineState,
  { name, password, admin }: Extract<Statement, { type: 'CreateUser' }>,
): void {
  const existing = state.users.get(name);
  if (existing && (existing.password !== password || existing.admin !== admin)) {
    throw new StatementError('user already exists');
  }
  if (name === '') {
    throw new StatementError('username required');
  }
  if (!existing) {
    state.users.set(name, { name, password, admin, grants: new Map() });
  }
}

function revoke(state: EngineState, name: string, on: string, privilege: string): void {
  const user = userOf(state, name);
  const database = databaseOf(state, on).name;
  const held = user.grants.get(database) ?? 'NO PRIVILEGES';
  const left = held === 'ALL PRIVILEGES' ? (privilege === 'READ' ? 'WRITE' : 'READ') : held;
  // A revoked right stays as a row of its own.
  user.grants.set(database, privilege === 'ALL PRIVILEGES' || left === privilege ? 'NO PRIVILEGES' : left);
}

function seriesCardinality(state: EngineState, name: string, exact: boolean): Series[] {
  if (exact) {
    const database = databaseOf(state, name);
    return [...measurementsOf(database)]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([measurement, { series }]) => table(['count'], [[series.size]], measurement));
  }
  const database = state.databases.get(name);
  const count = database
    ? [...measurementsOf(database)].reduce((sum, [, { series }]) => sum + series.size, 0)
    : 0;
  return [table(['cardinality estimation'], [[count]])];
}

/** Of each measurement that is named and has tags: its tag keys with their values. */
function tagsOf(
  state: EngineState,
  database: string,
  from: Measurement[],
): [string, Map<string, Set<string>>][] {
  return from.flatMap(({ name = '' }): [string, Map<string, Set<string>>][] => {
    const tags = new Map<string, Set<string>>();
    for (const [, { series }] of measurementsOf(databaseOf(state, database), name)) {
      for (const each of series.values()) {
        for (const [key, value] of Object.entries(each.tags)) {
          tags.set(key, (tags.get(key) ?? new Set()).add(value));
        }
      }
    }
    return tags.size > 0 ? [[name, tags]] : [];
  });
}

/** Kept with every measurement's database and policy written out, as the server does. */
function createContinuousQuery(
  state: EngineState,
  statement: Extract<Statement, { type: 'CreateContinuousQuery' }>,
): void {
  const database = databaseOf(state, statement.on);
  const qualify = (measurement: Measurement): Measurement => {
    const target = resolve(state, measurement, statement.on, '');
    if (!databaseOf(state, target.database).policies.some(({ name }) => name === target.policy)) {
      throw new StatementError(`retention policy not found: ${target.database}.${target.policy}`);
    }
    return { ...measurement, ...target };
  };
  const { into, from } = statement.select;
  const select: Select = {
    ...statement.select,
    ...(into && { into: qualify(into) }),
    from: from.map(qualify),
  };
  const query = printStatement({ ...statement, select });
  const existing = database.continuousQueries.find(({ name }) => name === statement.name);
  if (existing && existing.query.toLowerCase() !== query.toLowerCase()) {
    throw new StatementError('continuous query already exists');
  }
  if (!existing) {
    database.continuousQueries.push({ name: statement.name, query });
  }
}

function dropPoints(
  state: EngineState,
  statement: Extract<Statement, { type: 'DropSeries' | 'Delete' }>,
  { database, now }: Context,
): void {
  const { from, where, type } = statement;
  for (const measurements of databaseOf(state, database).data.values()) {
    for (const [name, stored] of measurements) {
      if (
        from.length > 0 &&
        !from.some((source) =>
          source.pattern ? new RegExp(source.pattern).test(name) : source.name === name,
        )
      ) {
        continue;
      }
      for (const [key, { tags, points }] of stored.series) {
        for (const time of points.keys()) {
          if (!where || matches(where, { time, tags }, now)) {
            points.delete(time);
          }
        }
        if (points.size === 0 || (type === 'DropSeries' && !where)) {
          stored.series.delete(key);
        }
      }
      if (stored.series.size === 0) {
        measurements.delete(name);
      }
    }
  }
}
