import type { Privilege } from './statement.ts';

/** What one engine has on its volume: it outlives the engine's process and goes with the claim. */
export class EngineState {
  readonly databases = new Map<string, Database>();
  readonly users = new Map<string, User>();
}

export interface User {
  name: string;
  password: string;
  admin: boolean;
  grants: Map<string, Privilege>;
}

export interface Policy {
  name: string;
  /** Nanoseconds; 0n keeps for ever. */
  duration: bigint;
  shardDuration: bigint;
  replication: number;
}

export interface Database {
  name: string;
  policies: Policy[];
  /** May name a policy that was dropped: the server does not repair that either. */
  defaultPolicy: string;
  continuousQueries: { name: string; query: string }[];
  /** By retention policy, then by measurement. */
  data: Map<string, Map<string, StoredMeasurement>>;
  /** Bytes on disk beside the points, for tests of full volumes. */
  ballastBytes?: number;
  /** Series in its statistics beside those of the points, for tests of too many. */
  ballastSeries?: number;
}

export interface StoredMeasurement {
  /** By shard and field. */
  types: Map<string, FieldType>;
  series: Map<string, { tags: Record<string, string>; points: Map<bigint, Map<string, FieldValue>> }>;
}

export type FieldValue = number | string | boolean;
export type FieldType = 'float' | 'integer' | 'string' | 'boolean';

/** What the server writes behind `results[].error` or `error`. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
}

export function databaseOf(state: EngineState, name: string): Database {
  const database = state.databases.get(name);
  if (!database) {
    throw new StatementError(`database not found: ${name}`);
  }
  return database;
}

export function userOf(state: EngineState, name: string): User {
  const user = state.users.get(name);
  if (!user) {
    throw new StatementError('user not found');
  }
  return user;
}

/** All that is stored under one measurement name, over all policies or in one of them. */
export function* measurementsOf(
  database: Database,
  name?: string,
  policy?: string,
): Generator<[string, StoredMeasurement]> {
  for (const [policyName, measurements] of database.data) {
    if (policy !== undefined && policy !== policyName) {
      continue;
    }
    for (const [measurement, stored] of measurements) {
      if (name === undefined || measurement === name) {
        yield [measurement, stored];
      }
    }
  }
}
