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
