/** What a query can say, as data. Durations are nanoseconds; 0n means infinite where a retention is meant. */
export type Privilege = 'READ' | 'WRITE' | 'ALL PRIVILEGES' | 'NO PRIVILEGES';

export interface Measurement {
  database?: string;
  policy?: string;
  /** Exactly one of the two for a source; an empty name in a target means `:MEASUREMENT`. */
  name?: string;
  pattern?: string;
}

export type Expression =
  | { type: 'star' }
  | { type: 'reference'; name: string }
  | { type: 'string' | 'number' | 'duration' | 'pattern'; text: string }
  | { type: 'boolean'; value: boolean }
  | { type: 'call'; name: string; args: Expression[] }
  | { type: 'binary'; operator: string; left: Expression; right: Expression }
  | { type: 'group'; inner: Expression };

export interface Select {
  type: 'Select';
  fields: { expression: Expression; alias?: string }[];
  into?: Measurement;
  from: Measurement[];
  where?: Expression;
  groupBy: Expression[];
  fill?: string;
  descending?: boolean;
  orderByTime?: boolean;
  limit?: number;
  offset?: number;
}

export interface PolicyOptions {
  duration?: bigint;
  replication?: number;
  shardDuration?: bigint;
}

export interface PolicyStatement {
  type: 'CreateRetentionPolicy' | 'AlterRetentionPolicy';
  name: string;
  on: string;
  options: PolicyOptions;
  isDefault: boolean;
}

export type Statement =
  | { type: 'CreateDatabase'; name: string; policy?: PolicyOptions & { name?: string } }
  | { type: 'DropDatabase'; name: string }
  | { type: 'CreateUser'; name: string; password: string; admin: boolean }
  | { type: 'SetPassword'; name: string; password: string }
  | { type: 'DropUser'; name: string }
  | { type: 'Grant' | 'Revoke'; user: string; on: string; privilege: Privilege }
  | { type: 'GrantAdmin' | 'RevokeAdmin'; user: string }
  | { type: 'ShowDatabases' | 'ShowUsers' | 'ShowContinuousQueries' | 'ShowShards' }
  | { type: 'ShowGrants'; user: string }
  | { type: 'ShowRetentionPolicies' | 'ShowMeasurements'; on?: string }
  | { type: 'ShowSeriesCardinality'; on?: string; exact: boolean }
  | { type: 'ShowMeasurementCardinality'; on?: string }
  | { type: 'ShowTagKeys'; on?: string; from: Measurement[] }
  | { type: 'ShowTagValuesCardinality'; on?: string; from: Measurement[]; key: string }
  | PolicyStatement
  | { type: 'DropRetentionPolicy' | 'DropContinuousQuery'; name: string; on: string }
  | {
      type: 'CreateContinuousQuery';
      name: string;
      on: string;
      every?: bigint;
      window?: bigint;
      select: Select;
    }
  | { type: 'DropMeasurement'; name: string }
  | { type: 'DropSeries' | 'Delete'; from: Measurement[]; where?: Expression }
  | Select;
