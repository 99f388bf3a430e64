import { STALLED_REASON } from '../api/reasons.ts';
import {
  continuousQueriesOf,
  defaultRetentionPolicyOf,
  retentionPoliciesOf,
  usersOf,
} from '../api/addon-defaults.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { isOneStatement, type Privilege } from '../influx/v1/influxql.ts';
import { durationMistake, policyDurations, type PolicyDurations } from './durations.ts';
import type { Problem } from './step.ts';

/** The engine's own name for the policy that a new database has. */
export const BUILT_IN_POLICY = 'autogen';

export interface PolicyWish extends PolicyDurations {
  readonly name: string;
}

export interface QueryWish {
  readonly name: string;
  readonly query: string;
}

export interface UserWish {
  readonly name: string;
  readonly privilege: Privilege;
}

/** What a spec lists of a database's contents, by value. What cannot be followed is left out. */
export interface Wishes {
  readonly retentionPolicies: readonly PolicyWish[];
  readonly defaultPolicy: string;
  readonly continuousQueries: readonly QueryWish[];
  readonly users: readonly UserWish[];
  /** Names of what was left out: it is neither made nor dropped. */
  readonly leftOut: ReadonlySet<string>;
}

const PRIVILEGES = { Read: 'READ', Write: 'WRITE', All: 'ALL' } as const;

export function wishesOf(addon: Pick<InfluxAddon, 'spec'>): Wishes {
  const wrong = wrongOf(addon);
  const isRight = (kind: string) => (item: { name: string }) => !wrong.has(`${kind}/${item.name}`);
  const queries = continuousQueriesOf(addon);
  return {
    retentionPolicies: retentionPoliciesOf(addon)
      .filter(isRight('retentionPolicies'))
      .map((policy) => ({ name: policy.name, ...policyDurations(policy) })),
    defaultPolicy: defaultRetentionPolicyOf(addon),
    continuousQueries: queries.filter(isRight('continuousQueries')),
    users: usersOf(addon).map(({ name, access }) => ({ name, privilege: PRIVILEGES[access] })),
    leftOut: new Set(wrong.keys()),
  };
}

/** What of the spec no engine would take, whatever is in the database; told at admission, too. */
export function mistakesOf(addon: Pick<InfluxAddon, 'spec'>): Problem[] {
  return [...wrongOf(addon).values()];
}

function wrongOf(addon: Pick<InfluxAddon, 'spec'>): Map<string, Problem> {
  const wrong = new Map<string, Problem>();
  for (const policy of retentionPoliciesOf(addon)) {
    const mistake = durationMistake(policy);
    if (mistake !== undefined)
      wrong.set(`retentionPolicies/${policy.name}`, {
        reason: STALLED_REASON.retentionPolicyRefused,
        message: `spec.retentionPolicies: ${policy.name}: ${mistake}.`,
      });
  }
  for (const { name, query } of continuousQueriesOf(addon)) {
    if (!isOneStatement(query))
      wrong.set(`continuousQueries/${name}`, {
        reason: STALLED_REASON.continuousQueryRefused,
        message: `spec.continuousQueries: ${name}: the query must be one SELECT statement without ";" anywhere, also not at its end.`,
      });
  }
  return wrong;
}
