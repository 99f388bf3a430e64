import type { DatabaseState, Shard } from '../influx/state.ts';
import type { AllowedLoss } from './allowed-loss.ts';
import { planContinuousQueries } from './continuous-queries.ts';
import type { ContentsRecord } from './record.ts';
import { planRetentionPolicies, type PolicyPlan } from './retention-policies.ts';
import type { ContentsStep } from './step.ts';
import { planUsers, takenNames } from './users.ts';
import type { Wishes } from './wishes.ts';

export interface ContentsInput {
  /** Name of the database. */
  readonly id: string;
  readonly wishes: Wishes;
  readonly state: DatabaseState;
  /** As they are stored. */
  readonly record: ContentsRecord;
  readonly passwords: Readonly<Record<string, string>>;
  /** Users who could not log in with their passwords. */
  readonly refusedLogins: ReadonlySet<string>;
  /** Continuous queries that are known to be as listed, by name. */
  readonly revisions: ReadonlyMap<string, string>;
  /** Texts of continuous queries that are known to be somebody else's, by name. */
  readonly foreign?: ReadonlyMap<string, string> | undefined;
  readonly shards: readonly Shard[] | undefined;
  /** What the annotation says that allows a loss of data. */
  readonly allowed: AllowedLoss;
  readonly nowMs: number;
}

/**
 * All that brings the contents of a database from what is to what is listed: who may do less first, then the policies
 * between the queries that go and those that come, which may name them.
 */
export function planContents(input: ContentsInput): PolicyPlan {
  const { id, wishes, state, passwords, refusedLogins } = input;
  const policies = planRetentionPolicies({ ...input, state: state.retentionPolicies });
  const users = { id, wishes: wishes.users, state, passwords, refused: refusedLogins };
  const queries = planContinuousQueries({ ...input, state: state.continuousQueries });
  const goes = ({ what }: ContentsStep) => what === 'DropContinuousQuery';
  return {
    ...policies,
    steps: [
      ...planUsers(users),
      ...queries.filter(goes),
      ...policies.steps,
      ...queries.filter((step) => !goes(step)),
    ],
    problems: [...policies.problems, ...takenNames(users)],
  };
}
