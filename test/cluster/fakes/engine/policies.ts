import { day, hour } from './duration.ts';
import { type Database, databaseOf, type EngineState, type Policy, StatementError } from './state.ts';
import type { PolicyStatement } from './statement.ts';

export const autogen = (): Policy => ({
  name: 'autogen',
  duration: 0n,
  shardDuration: 7n * day,
  replication: 1,
});

type Wanted = Omit<PolicyStatement, 'type'>;

export function createPolicy(state: EngineState, { name, on, options, isDefault }: Wanted): void {
  if (!validName(name)) {
    throw new StatementError('invalid name');
  }
  const duration = options.duration ?? 0n;
  requireLongEnough(duration);
  const policy: Policy = {
    name,
    duration,
    shardDuration: shardDuration(options.shardDuration ?? 0n, duration),
    replication: options.replication ?? 1,
  };
  requireCompatible(policy);
  const database = databaseOf(state, on);
  const existing = database.policies.find((other) => other.name === name);
  if (existing) {
    if (!samePolicy(existing, policy)) {
      throw new StatementError('retention policy already exists');
    }
    if (isDefault && database.defaultPolicy !== name) {
      throw new StatementError('retention policy conflicts with an existing policy');
    }
    return;
  }
  database.policies.push(policy);
  if (isDefault) {
    database.defaultPolicy = name;
  }
}

export function alterPolicy(state: EngineState, { name, on, options, isDefault }: Wanted): void {
  const database = databaseOf(state, on);
  const policy = database.policies.find((other) => other.name === name);
  if (!policy) {
    throw new StatementError(`retention policy not found: ${name}`);
  }
  if (options.duration !== undefined) {
    requireLongEnough(options.duration);
  }
  const changed = {
    ...policy,
    duration: options.duration ?? policy.duration,
    shardDuration: options.shardDuration ?? policy.shardDuration,
  };
  requireCompatible(changed);
  policy.duration = changed.duration;
  policy.replication = options.replication ?? policy.replication;
  if (options.shardDuration !== undefined) {
    policy.shardDuration = shardDuration(options.shardDuration, policy.duration);
  }
  if (isDefault) {
    database.defaultPolicy = name;
  }
}

/** Dropping what is not there is fine; dropping the default leaves the database without a place to write. */
export function dropPolicy(state: EngineState, database: string, name: string): void {
  const found: Database | undefined = state.databases.get(database);
  if (found) {
    found.policies = found.policies.filter((policy) => policy.name !== name);
    found.data.delete(name);
  }
}

export const validName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/\\\p{C}]|(?! )\p{Z}/u.test(name);

const samePolicy = (a: Policy, b: Policy): boolean =>
  a.duration === b.duration && a.shardDuration === b.shardDuration && a.replication === b.replication;

function requireLongEnough(duration: bigint): void {
  if (duration !== 0n && duration < hour) {
    throw new StatementError('retention policy duration must be at least 1h0m0s');
  }
}

function requireCompatible({ duration, shardDuration: shard }: Policy): void {
  if (duration > 0n && duration < shard) {
    throw new StatementError('retention policy duration must be greater than the shard duration');
  }
}

/** The server's choice where none is given: by the length of the retention. */
function shardDuration(wanted: bigint, retention: bigint): bigint {
  if (wanted === 0n) {
    return retention === 0n || retention >= 180n * day ? 7n * day : retention >= 2n * day ? day : hour;
  }
  return wanted < hour ? hour : wanted;
}
