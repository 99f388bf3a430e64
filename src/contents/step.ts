import type { StalledReason } from '../api/reasons.ts';
/** A statement that brings the contents of a database nearer to what is listed. Sent as a request of its own. */
export interface ContentsStep {
  readonly what: ContentsStepKind;
  /** Of the retention policy, the continuous query or the user. */
  readonly name: string;
  readonly statement: string;
  readonly as: 'Administrator' | 'Application';
  /** The statement holds a password: it is not to be logged. */
  readonly secret?: boolean;
  /** Sent first, and the statement once more, when the engine says that there is another one of the name. */
  readonly makesRoom?: string;
  /** There is another one of the name also when the engine, to which case makes no difference, takes it for the same. */
  readonly replaces?: true;
  /** Sent first: the statement is sent only when the engine takes this one, and else it is about what is not ours. */
  readonly onlyIf?: string;
  /** Of a continuous query: what it is made from. */
  readonly mark?: string;
}

export type ContentsStepKind =
  | 'CreateRetentionPolicy'
  | 'AlterRetentionPolicy'
  | 'SetDefaultRetentionPolicy'
  | 'DropRetentionPolicy'
  | 'PutContinuousQuery'
  | 'DropContinuousQuery'
  | 'CreateUser'
  | 'SetPassword'
  | 'RevokeAdmin'
  | 'Grant'
  | 'DropUser';

/** What keeps a listed thing from being as it is listed until a user acts; the rest goes on. */
export interface Problem {
  readonly reason: ProblemReason;
  /** Names the field and what is allowed. */
  readonly message: string;
}

export type ProblemReason = Extract<
  StalledReason,
  | 'RetentionPolicyRefused'
  | 'DataLossNotAllowed'
  | 'ContinuousQueryRefused'
  | 'UserExists'
  | 'StatementRefused'
>;
