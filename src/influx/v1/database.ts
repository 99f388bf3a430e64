import type { DatabaseWish } from '../engine.ts';
import { type RetentionPolicyState } from '../state.ts';
import { type DatabaseState, type DatabaseStep, type DatabaseStepKind, type Grant } from '../state.ts';
import type { InfluxClient } from './client.ts';
import type { InfluxError } from '../influx-error.ts';
import { rows, type StatementResult } from './results.ts';
import { seconds } from '../duration.ts';
import * as influxql from './influxql.ts';
import { planUser } from './user.ts';

/**
 * Reads it as the administrator: one request, and a second one only when the database or a user is missing (a
 * statement about a missing thing fails, and the engine executes none behind a failed one). `others` are further
 * users whose grants are asked for. Throws InfluxError.
 */
export async function readDatabase(
  client: InfluxClient,
  { id, username = id, others = [] }: { id: string; username?: string; others?: readonly string[] },
  signal?: AbortSignal,
): Promise<DatabaseState> {
  const [databases, users, queries, policies, ...grants] = await client.query(
    [
      influxql.showDatabases,
      influxql.showUsers,
      influxql.showContinuousQueries,
      influxql.showRetentionPolicies(id),
      ...[username, ...others].map((name) => influxql.showGrants(name)),
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

  must(queries);
  state.continuousQueries = (queries?.series ?? [])
    .filter((series) => series.name === id)
    .flatMap((series) => rows({ series: [series] }))
    .map((row) => ({ name: String(row['name']), query: String(row['query']) }));
  if (hasDatabase) state.retentionPolicies = must(policies).map(retentionPolicyOf);
  const shown = new Map([username, ...others].map((name, index) => [name, grants[index]]));
  const there = [...shown.keys()].filter((name) => state.users.some((user) => user.name === name));
  const untold = there.filter((name) => shown.get(name)?.error?.isNotExecuted);
  if (untold.length > 0) {
    const again = await client.query(untold.map(influxql.showGrants), { signal });
    for (const [index, name] of untold.entries()) shown.set(name, again[index]);
  }
  if (there.includes(username)) state.grants = grantsIn(shown.get(username));
  const present = others.filter((other) => there.includes(other));
  if (present.length > 0)
    state.otherGrants = Object.fromEntries(
      present.map((other) => [other, grantsIn(shown.get(other))] as const),
    );
  return state;
}

function grantsIn(result: StatementResult | undefined): Grant[] {
  return must(result).map((row) => ({
    database: String(row['database']),
    privilege: String(row['privilege']),
  }));
}

/**
 * The statements that make the database, its user and the grant right, from any half-made state; none when
 * all is right. Each may run again: run them as requests of their own and read again after an error.
 */
export function planDatabase(state: DatabaseState, want: DatabaseWish): DatabaseStep[] {
  const { id, password, username = id, passwordKnownGood, readOnly = false } = want;
  const steps: DatabaseStep[] = [];
  const step = (what: DatabaseStepKind, statement: string, secret = false): void => {
    steps.push({ what, statement, secret });
  };

  const hasDatabase = state.databases.includes(id);
  if (!hasDatabase) step('CreateDatabase', influxql.createDatabase(id));
  const user = state.users.find(({ name }) => name === username);
  steps.push(
    ...planUser(
      { user, grants: hasDatabase ? state.grants : [] },
      { username, password, passwordKnownGood, readOnly, database: id },
    ),
  );
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
