import { autogen, createPolicy, validName } from './policies.ts';
import { type Database, type EngineState, StatementError } from './state.ts';
import type { PolicyOptions, Statement } from './statement.ts';

export function createDatabase(
  state: EngineState,
  { name, policy }: Extract<Statement, { type: 'CreateDatabase' }>,
): void {
  if (!validName(name)) {
    throw new StatementError('invalid name');
  }
  const existing = state.databases.get(name);
  if (existing && !policy) {
    return;
  }
  const database = existing ?? {
    name,
    policies: [],
    defaultPolicy: '',
    continuousQueries: [],
    data: new Map(),
  };
  if (!policy) {
    state.databases.set(name, { ...database, policies: [autogen()], defaultPolicy: 'autogen' });
    return;
  }
  const policyName = policy.name ?? 'autogen';
  // On a database that is there the given policy has to be its default already, to the letter.
  const policyThere = existing?.policies.some((other) => other.name === policyName);
  if (
    existing &&
    (existing.defaultPolicy !== policyName || !policyThere || differs(existing, policyName, policy))
  ) {
    throw new StatementError('retention policy conflicts with an existing policy');
  }
  const trial = new Map([[name, { ...database, policies: [...database.policies] }]]);
  createPolicy(
    { databases: trial, users: new Map() },
    { name: policyName, on: name, options: policy, isDefault: true },
  );
  state.databases.set(name, trial.get(name) ?? database);
}

function differs({ policies }: Database, name: string, wanted: PolicyOptions): boolean {
  const policy = policies.find((other) => other.name === name);
  return (
    (wanted.duration ?? policy?.duration) !== policy?.duration ||
    (wanted.replication ?? policy?.replication) !== policy?.replication ||
    (wanted.shardDuration ?? policy?.shardDuration) !== policy?.shardDuration
  );
}

/** The grants go with the database: whoever makes it anew has to give them again. */
export function dropDatabase(state: EngineState, name: string): void {
  state.databases.delete(name);
  for (const user of state.users.values()) {
    user.grants.delete(name);
  }
}
