import type { DatabaseState } from '../influx/state.ts';
import { isUnlisted, originOf, type QueryInput } from './continuous-queries.ts';
import type { AllowedLoss } from './allowed-loss.ts';
import { isFor, type DataLoss } from './data-loss.ts';
import { policyDurations } from './durations.ts';
import type { Consent, ContentsRecord, RecordedQuery } from './record.ts';
import { isRemoved } from './retention-policies.ts';
import { BUILT_IN_POLICY, type Wishes } from './wishes.ts';

export interface RecordInput {
  readonly record: ContentsRecord;
  readonly wishes: Wishes;
  /** What the database said last; undefined while it is not known: then nothing is forgotten. */
  readonly state: Pick<DatabaseState, 'retentionPolicies' | 'continuousQueries'> | undefined;
  /** What would be lost by what is listed. */
  readonly losses: readonly DataLoss[];
  /** What the annotation says that allows a loss of data. */
  readonly allowed: AllowedLoss;
  /** What is known of continuous queries, as for their plan. */
  readonly queries?: Pick<QueryInput, 'revisions' | 'foreign'>;
}

/**
 * The record to store before the next statement: with all that is listed, without what is not listed any more and is gone
 * or was never ours.
 */
export function nextRecord(input: RecordInput): ContentsRecord {
  const { record, wishes, state, losses, allowed } = input;
  const policies = wishes.retentionPolicies.map(({ name }) => name);
  const consents = nextConsents(record.consents ?? [], { wishes, state, losses, allowed });
  return {
    retentionPolicies: merged(record.retentionPolicies, policies, (name) =>
      isPolicyDone(name, wishes, state),
    ),
    continuousQueries: recordedQueries(input),
    ...(consents.length === 0 ? {} : { consents }),
  };
}

function recordedQueries({
  record,
  wishes,
  state,
  queries = { revisions: new Map() },
}: RecordInput): RecordedQuery[] {
  const kept = record.continuousQueries.filter((recorded) => {
    if (wishes.continuousQueries.some(({ name }) => name === recorded.name)) return false;
    if (state === undefined || !isUnlisted(recorded.name, wishes)) return true;
    const shown = state.continuousQueries.find(({ name }) => name === recorded.name);
    return shown !== undefined && originOf(recorded, shown.query, queries) !== 'Foreign';
  });
  const listed = wishes.continuousQueries.map(({ name, query }) => ({ name, query }));
  return [...kept, ...listed].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function isPolicyDone(name: string, wishes: Wishes, state: RecordInput['state']): boolean {
  if (state === undefined) return false;
  const present = state.retentionPolicies.find((policy) => policy.name === name);
  if (name !== BUILT_IN_POLICY) return isRemoved(name, wishes) && present === undefined;
  if (wishes.retentionPolicies.some((policy) => policy.name === name)) return false;
  if (wishes.leftOut.has(`retentionPolicies/${name}`)) return false;
  const { durationSeconds, shardDurationSeconds } = policyDurations({ duration: 'INF' });
  return (
    present === undefined ||
    (present.durationSeconds === durationSeconds && present.shardDurationSeconds === shardDurationSeconds)
  );
}

/**
 * A consent is for one change: once that is done, it is kept as used as long as the annotation stays, so that the same
 * change another time needs the annotation to be taken away and set again. One of a release that took a name alone stays
 * with it, and allows nothing.
 */
function nextConsents(
  before: readonly Consent[],
  { wishes, state, losses, allowed }: Omit<RecordInput, 'record'>,
): Consent[] {
  const kept = before
    .filter(({ policy, change }) => allowed.has(policy) && (allowed.get(policy) ?? change) === change)
    .map((consent) =>
      consent.used || !isChanged(consent, wishes, state) ? consent : { ...consent, used: true as const },
    );
  const given = losses
    .filter((loss) => allowed.get(loss.policy) === loss.change && !kept.some((each) => isFor(each, loss)))
    .map(({ policy, change }) => ({ policy, change }));
  return [...kept, ...given].toSorted((a, b) => (a.policy < b.policy ? -1 : 1));
}

/** Taking back the change that was allowed uses a consent up as well. */
function isChanged({ policy, change }: Consent, wishes: Wishes, state: RecordInput['state']): boolean {
  if (state === undefined) return false;
  const present = state.retentionPolicies.find(({ name }) => name === policy);
  const wanted = wishes.retentionPolicies.find(({ name }) => name === policy);
  return (
    present === undefined ||
    present.durationSeconds === change ||
    present.durationSeconds === wanted?.durationSeconds
  );
}

function merged(
  before: readonly string[],
  listed: readonly string[],
  isDone: (name: string) => boolean,
): string[] {
  const kept = before.filter((name) => !isDone(name));
  return [...kept, ...listed.filter((name) => !kept.includes(name))].toSorted();
}
