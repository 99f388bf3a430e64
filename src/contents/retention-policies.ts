import { STALLED_REASON } from '../api/reasons.ts';
import { Annotation } from '../api/annotations.ts';
import type { RetentionPolicyState, Shard } from '../influx/state.ts';
import * as influxql from '../influx/v1/influxql.ts';
import type { AllowedLoss } from './allowed-loss.ts';
import { type DataLoss, isFor, lossMessage, lossOf } from './data-loss.ts';
import { inInfluxQl, isShorter, policyDurations } from './durations.ts';
import type { Consent, ContentsRecord } from './record.ts';
import type { ContentsStep, Problem } from './step.ts';
import { BUILT_IN_POLICY, type PolicyWish, type Wishes } from './wishes.ts';

export interface PolicyInput {
  /** Name of the database. */
  readonly id: string;
  readonly wishes: Pick<Wishes, 'retentionPolicies' | 'defaultPolicy' | 'leftOut'>;
  readonly state: readonly RetentionPolicyState[];
  /** As it is stored: what is not in it yet is not made. */
  readonly record: ContentsRecord;
  /** What there is to lose; undefined when that was not asked lately. */
  readonly shards: readonly Shard[] | undefined;
  /** What the annotation says that allows a loss of data. */
  readonly allowed: AllowedLoss;
  readonly nowMs: number;
}

export interface PolicyPlan {
  readonly steps: readonly ContentsStep[];
  readonly problems: readonly Problem[];
  /** Changes that would delete data, and that nobody has allowed yet or that are being carried out. */
  readonly losses: readonly DataLoss[];
  /** Nothing of it is done before it is known what there is to lose. */
  readonly needsShards: boolean;
}

/**
 * The statements that make the retention policies as they are listed. Policies that others made stay as they are. The
 * policy that the engine itself makes is never dropped: not listed any more, it is endless again, and without
 * `defaultRetentionPolicy` it is the default.
 */
export function planRetentionPolicies(input: PolicyInput): PolicyPlan {
  const { id, wishes, record, state } = input;
  const there = new Map(state.map((policy) => [policy.name, policy]));
  const steps: ContentsStep[] = [];
  const changes: { change: Consent; step: ContentsStep; before: number }[] = [];
  const step = (what: ContentsStep['what'], name: string, statement: string): ContentsStep => ({
    what,
    name,
    statement,
    as: 'Administrator',
  });

  const wanted = [...wishes.retentionPolicies, ...builtInOf(input)];
  for (const policy of wanted) {
    const { name, durationSeconds } = policy;
    const present = there.get(name);
    const isDefault = name === wishes.defaultPolicy;
    if (present === undefined) {
      if (name !== BUILT_IN_POLICY && !record.retentionPolicies.includes(name)) continue;
      const text = { ...inText(policy), default: isDefault };
      steps.push(step('CreateRetentionPolicy', name, influxql.createRetentionPolicy(id, text)));
    } else if (differs(present, policy)) {
      const alter = step('AlterRetentionPolicy', name, influxql.alterRetentionPolicy(id, inText(policy)));
      if (!isShorter(present.durationSeconds, durationSeconds)) steps.push(alter);
      else
        changes.push({
          change: { policy: name, change: durationSeconds },
          step: alter,
          before: present.durationSeconds,
        });
    }
    if (present !== undefined && isDefault && !present.default)
      steps.push(step('SetDefaultRetentionPolicy', name, influxql.setDefaultRetentionPolicy(id, name)));
  }
  for (const name of record.retentionPolicies) {
    const present = there.get(name);
    // Points are written without a policy as long as it is the default: it goes once another one is seen to be that.
    if (present === undefined || present.default || !isRemoved(name, wishes)) continue;
    changes.push({
      change: { policy: name, change: 'Removal' },
      step: step('DropRetentionPolicy', name, influxql.dropRetentionPolicy(id, name)),
      before: present.durationSeconds,
    });
  }
  return {
    ...withConsent(input, changes, steps),
    needsShards: changes.length > 0 && input.shards === undefined,
  };
}

/** It was listed, and is not any more; the engine's own policy is never dropped. */
export function isRemoved(name: string, wishes: PolicyInput['wishes']): boolean {
  return (
    name !== BUILT_IN_POLICY &&
    name !== wishes.defaultPolicy &&
    !wishes.leftOut.has(`retentionPolicies/${name}`) &&
    !wishes.retentionPolicies.some((policy) => policy.name === name)
  );
}

/** The engine's own policy where the list says nothing of it: as the default it has to be there; once listed, it is reset. */
function builtInOf({ wishes, record, state }: PolicyInput): PolicyWish[] {
  const listed = wishes.retentionPolicies.some(({ name }) => name === BUILT_IN_POLICY);
  if (listed || wishes.leftOut.has(`retentionPolicies/${BUILT_IN_POLICY}`)) return [];
  const wasListed = record.retentionPolicies.includes(BUILT_IN_POLICY);
  const isDefault = wishes.defaultPolicy === BUILT_IN_POLICY;
  const present = state.find(({ name }) => name === BUILT_IN_POLICY);
  const asMade = { name: BUILT_IN_POLICY, ...policyDurations({ duration: 'INF' }) };
  if (present === undefined) return isDefault ? [asMade] : [];
  if (wasListed) return [asMade];
  // What somebody else made of it stays, but for being the default.
  return isDefault ? [present] : [];
}

/** Steps that delete nothing, or nothing that may not be deleted; and what the others wait for. */
function withConsent(
  { shards, record, allowed, nowMs }: PolicyInput,
  changes: readonly { change: Consent; step: ContentsStep; before: number }[],
  harmless: readonly ContentsStep[],
): Omit<PolicyPlan, 'needsShards'> {
  const steps = [...harmless];
  const problems: Problem[] = [];
  const losses: DataLoss[] = [];
  for (const { change, step, before } of changes) {
    const isAllowed = allowed.get(change.policy) === change.change;
    const consent = isAllowed ? record.consents?.find((each) => isFor(each, change)) : undefined;
    const consented = consent !== undefined && consent.used !== true;
    const loss = shards && lossOf(shards, change.policy, change.change, nowMs);
    if (loss !== undefined) losses.push(loss);
    if (consented || (shards !== undefined && loss === undefined)) steps.push(step);
    else if (loss !== undefined) {
      const message = lossMessage(loss, before, Annotation.allowDataLoss, consent?.used === true);
      problems.push({ reason: STALLED_REASON.dataLossNotAllowed, message });
    }
  }
  return { steps, problems, losses };
}

function differs(present: RetentionPolicyState, wanted: PolicyWish): boolean {
  return (
    present.durationSeconds !== wanted.durationSeconds ||
    present.shardDurationSeconds !== wanted.shardDurationSeconds
  );
}

function inText({ name, durationSeconds, shardDurationSeconds }: PolicyWish): influxql.RetentionPolicyText {
  return {
    name,
    duration: inInfluxQl(durationSeconds),
    shardDuration: inInfluxQl(shardDurationSeconds),
  };
}
