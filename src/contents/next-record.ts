import type { DatabaseState } from '../influx/state.ts';
import { isUnlisted, originOf, type QueryInput } from './continuous-queries.ts';
import type { DataLoss } from './data-loss.ts';
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
  /** The value of the annotation that allows a loss of data. */
  readonly allowed: string | undefined;
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
  const consent = nextConsent(record.consent, { wishes, state, losses, allowed });
  return {
    retentionPolicies: merged(record.retentionPolicies, policies, (name) =>
      isPolicyDone(name, wishes, state),
    ),
    continuousQueries: recordedQueries(input),
    ...(consent === undefined ? {} : { consent }),
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
 * A consent is for one change: once that is done, it is kept as used as long as the annotation stays, so that another
 * change of the same policy needs the annotation to be taken away and set again.
 */
function nextConsent(
  before: Consent | undefined,
  { wishes, state, losses, allowed }: Omit<RecordInput, 'record'>,
): Consent | undefined {
  if (allowed === undefined) return undefined;
  if (before?.policy === allowed)
    return before.used || !isChanged(before, wishes, state) ? before : { ...before, used: true };
  const loss = losses.find(({ policy }) => policy === allowed);
  return loss && { policy: loss.policy, change: loss.change };
}

/** A milder change than the one that was allowed, or taking it back, uses a consent up as well. */
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
