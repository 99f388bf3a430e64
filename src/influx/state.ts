/** What an engine holds for the addon whose database is called `id`. */
export interface DatabaseState {
  databases: string[];
  users: { name: string; admin: boolean }[];
  /** Of the application's user; empty when there is no such user. */
  grants: Grant[];
  /** By user: of the further users that were asked about and are there. */
  otherGrants?: Readonly<Record<string, readonly Grant[]>>;
  /** Of the database `id`; empty when there is no such database. */
  retentionPolicies: RetentionPolicyState[];
  /** Of the database `id`. */
  continuousQueries: { name: string; query: string }[];
}

export interface DatabaseStep {
  statement: string;
  what: DatabaseStepKind;
  /** The statement holds the password: it is not to be logged. */
  secret: boolean;
}

export type DatabaseStepKind =
  | 'CreateDatabase'
  | 'CreateUser'
  | 'SetPassword'
  | 'RevokeAdmin'
  | 'Grant'
  | 'Revoke'
  | 'DropUser'
  | 'SetAdminPassword';

export interface Grant {
  database: string;
  privilege: string;
}

export interface RetentionPolicyState {
  name: string;
  /** 0 is endless. */
  durationSeconds: number;
  shardDurationSeconds: number;
  default: boolean;
}

/** A span of time of one retention policy, and what it has on disk: retention deletes whole ones. */
export interface Shard {
  policy: string;
  /** Milliseconds since the epoch; the end is not in it any more. */
  startMs: number;
  endMs: number;
  /** Points, compacted and in the write-ahead log, without the index; undefined when the engine does not tell. */
  bytes: number | undefined;
}

/** How large a database is, and how much memory its engine has taken. */
export interface EngineFigures {
  /** Of all its shards: a series counts once. */
  readonly series: number;
  readonly shards: number;
  /**
   * Bytes of its points on disk, compacted and in the write-ahead log, without the index. For some minutes after a
   * start the newest segment of each shard's log, 10 MiB at most, counts twice (1.6.7 to 1.8.10).
   */
  readonly dataBytes: number;
  /** Bytes that the engine's Go heap takes, for all that it does. */
  readonly heapBytes: number;
  /** Writes to the log that failed since the engine started: on a full volume all do. */
  readonly logErrors: number;
}

/** What an engine has done since it started, beside how large its database is. */
export interface EngineActivity extends EngineFigures {
  /** Points of the database, in the shards that are there still: less than before when a shard went. */
  readonly pointsWritten: number;
  /** Statements of all databases. */
  readonly queries: number;
}

/** Where most of a database's series are. */
export type Growing =
  | { readonly what: 'Tag'; readonly measurement: string; readonly tag: string }
  /** So many measurements that their names are what grows. */
  | { readonly what: 'Measurements' }
  /** Series without tags, or none at all. */
  | { readonly what: 'Measurement'; readonly measurement: string }
  | { readonly what: 'Nothing' };
