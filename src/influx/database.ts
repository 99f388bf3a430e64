import type { InfluxClient } from './client.ts';
import type { InfluxError } from './influx-error.ts';
import { rows, type StatementResult } from './results.ts';
import { seconds } from './duration.ts';
import * as influxql from './influxql.ts';

/** What an engine holds for the addon whose database and user are called `id`. */
export interface DatabaseState {
  databases: string[];
  users: { name: string; admin: boolean }[];
  /** Of the user `id`; empty when there is no such user. */
  grants: { database: string; privilege: string }[];
  /** Of the database `id`; empty when there is no such database. */
  retentionPolicies: RetentionPolicyState[];
  /** Of the database `id`. */
  continuousQueries: { name: string; query: string }[];
}

export interface RetentionPolicyState {
  name: string;
  /** 0 is endless. */
  durationSeconds: number;
  shardDurationSeconds: number;
  default: boolean;
}

/**
 * Reads it as the administrator: one request, and a second one only when the database is missing and the user
 * is there (a statement about a missing thing fails, and the engine executes none behind a failed one).
 * Throws InfluxError.
 */
export async function readDatabase(
  client: InfluxClient,
  { id }: { id: string },
  signal?: AbortSignal,
): Promise<DatabaseState> {
  const [databases, users, queries, policies, grants] = await client.query(
    [
      influxql.showDatabases,
      influxql.showUsers,
      influxql.showContinuousQueries,
      influxql.showRetentionPolicies(id),
      influxql.showGrants(id),
    ],
    { signal },
  );
  const state: DatabaseState = {
    databases: must(databases).map((row) => String(row['name'])),
    users: must(users).map((row) => ({ name: String(row['user']), admin: row['admin'] === true })),
    grants: [],
    retentionPolicies: [],
    continuousQueries: [],
  };
  const hasDatabase = state.databases.includes(id);
  const hasUser = state.users.some((user) => user.name === id);

  must(queries);
  state.continuousQueries = (queries?.series ?? [])
    .filter((series) => series.name === id)
    .flatMap((series) => rows({ series: [series] }))
    .map((row) => ({ name: String(row['name']), query: String(row['query']) }));
  if (hasDatabase) state.retentionPolicies = must(policies).map(retentionPolicyOf);
  if (hasUser) {
    const shown = grants?.error?.isNotExecuted
      ? await client.one(influxql.showGrants(id), { signal })
      : grants;
    state.grants = must(shown).map((row) => ({
      database: String(row['database']),
      privilege: String(row['privilege']),
    }));
  }
  return state;
}

export type DatabaseStepKind =
  | 'CreateDatabase'
  | 'CreateUser'
  | 'SetPassword'
  | 'RevokeAdmin'
  | 'Grant'
  | 'CreateRetentionPolicy'
  | 'SetDefaultRetentionPolicy';

export interface DatabaseStep {
  statement: string;
  what: DatabaseStepKind;
  /** The statement holds the password: it is not to be logged. */
  secret: boolean;
}

export interface DatabaseWish {
  /** Name of the database and of its user. */
  id: string;
  password: string;
  /** The user was seen to log in with this password; otherwise it is set. */
  passwordKnownGood: boolean;
}

/** The engine's own name for the policy that a new database has. */
const BUILT_IN_POLICY = 'autogen';

/**
 * The statements that make the database, its user and the grant right, from any half-made state; none when
 * all is right. Each may run again: run them as requests of their own and read again after an error.
 */
export function planDatabase(state: DatabaseState, want: DatabaseWish): DatabaseStep[] {
  const { id, password } = want;
  const steps: DatabaseStep[] = [];
  const step = (what: DatabaseStepKind, statement: string, secret = false): void => {
    steps.push({ what, statement, secret });
  };

  const hasDatabase = state.databases.includes(id);
  const user = state.users.find(({ name }) => name === id);
  if (!hasDatabase) step('CreateDatabase', influxql.createDatabase(id));
  if (!user) step('CreateUser', influxql.createUser(id, password), true);
  else if (!want.passwordKnownGood) step('SetPassword', influxql.setPassword(id, password), true);
  if (user?.admin) step('RevokeAdmin', influxql.revokeAdmin(id));

  const grant = state.grants.find(({ database }) => database === id)?.privilege;
  // Dropping a database takes its grants along, whatever SHOW GRANTS said before.
  if (!user || !hasDatabase || grant !== 'ALL PRIVILEGES') step('Grant', influxql.grantAll(id, id));

  // The application's user may drop the default policy; every write that names none fails with 500 then.
  if (hasDatabase && !state.retentionPolicies.some((policy) => policy.default)) {
    if (state.retentionPolicies.some(({ name }) => name === BUILT_IN_POLICY))
      step('SetDefaultRetentionPolicy', influxql.setDefaultRetentionPolicy(id, BUILT_IN_POLICY));
    else
      step(
        'CreateRetentionPolicy',
        influxql.createRetentionPolicy(id, { name: BUILT_IN_POLICY, duration: 'INF', default: true }),
      );
  }
  return steps;
}

function must(result: StatementResult | undefined): Record<string, unknown>[] {
  const error: InfluxError | undefined = result?.error;
  if (error) throw error;
  return result ? rows(result) : [];
}

function retentionPolicyOf(row: Record<string, unknown>): RetentionPolicyState {
  return {
    name: String(row['name']),
    durationSeconds: seconds(String(row['duration'])),
    shardDurationSeconds: seconds(String(row['shardGroupDuration'])),
    default: row['default'] === true,
  };
}
