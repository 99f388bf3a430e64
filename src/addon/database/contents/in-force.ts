import { continuousQueriesOf, retentionPoliciesOf, usersOf } from '../../../api/addon-defaults.ts';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { inWords } from '../../../contents/durations.ts';
import { ownOf } from '../../../contents/own.ts';
import type { ContentsRecord } from '../../../contents/record.ts';
import type { ContentsFacts, Facts } from '../../world/facts.ts';
import type { DatabaseState } from '../../../influx/state.ts';
import { userOfName } from '../../identity/login.ts';
import { namesOf } from '../../identity/users.ts';
import type { World } from '../../world/world.ts';
import { answerOf, recordOf, storedContents } from './facts.ts';

type Contents = Pick<
  InfluxAddonSpec,
  'users' | 'retentionPolicies' | 'defaultRetentionPolicy' | 'continuousQueries'
>;
type User = NonNullable<Contents['users']>[number];
type Query = NonNullable<Contents['continuousQueries']>[number];
type Policy = NonNullable<Contents['retentionPolicies']>[number];

/**
 * What is in force inside the database, as a spec would list it: what was taken charge of, as the database has it. Of a
 * spec that is refused only what takes away is followed: users that are not listed any more, and rights.
 */
export function contentsInForce(world: World, facts: Facts): Contents {
  const { addon, children } = world;
  const state = answerOf(world, facts)?.state;
  const known = state?.databases.includes(facts.id) === true ? state : undefined;
  const { passwords } = storedContents(children.adminSecret);
  const record = recordOf(world);
  const defaultIn = (policies: readonly { name: string; default?: boolean | undefined }[] = []) =>
    policies.find((policy) => policy.default)?.name;
  const standard = defaultIn(known?.retentionPolicies) ?? defaultIn(addon.status?.retentionPolicies);
  return {
    users: usersOf(addon)
      .filter(({ name }) => isTakenCharge(name, world, passwords))
      .map((user) => narrower(user, facts, known)),
    retentionPolicies: policiesInForce(world, record, known),
    ...(standard === undefined ? {} : { defaultRetentionPolicy: standard }),
    continuousQueries: queriesInForce(world, record),
  };
}

/** Some copy knows of the user: also where others were lost, a user stays. */
function isTakenCharge(
  user: string,
  { addon, userSecrets }: World,
  passwords: ContentsFacts['passwords'],
): boolean {
  const told = addon.status?.users?.some(({ name, listed }) => listed && userOfName(name) === user) ?? false;
  return told || ownOf(passwords, user) !== undefined || userSecrets?.has(user) === true;
}

/** One that somebody dropped is taken from what status says of it. */
function policiesInForce(
  { addon }: World,
  record: ContentsRecord,
  state: DatabaseState | undefined,
): Policy[] {
  const told = (addon.status?.retentionPolicies ?? []).filter(({ listed }) => listed);
  return record.retentionPolicies.flatMap((name): Policy[] => {
    const present = state?.retentionPolicies.find((policy) => policy.name === name);
    if (present !== undefined) {
      const { durationSeconds, shardDurationSeconds } = present;
      return [{ name, duration: inWords(durationSeconds), shardDuration: inWords(shardDurationSeconds) }];
    }
    const before = told.find((policy) => policy.name === name);
    if (before !== undefined)
      return [{ name, duration: before.duration, shardDuration: before.shardDuration }];
    // Nothing is known of it yet: it is neither made nor forgotten.
    return state === undefined ? retentionPoliciesOf(addon).filter((policy) => policy.name === name) : [];
  });
}

function queriesInForce({ addon }: World, record: ContentsRecord): Query[] {
  return record.continuousQueries.map(({ name, query }) => ({
    name,
    query: query ?? continuousQueriesOf(addon).find((asked) => asked.name === name)?.query ?? UNKNOWN_QUERY,
  }));
}

/** A text that no engine takes, so that a query whose own was lost stays as it is. */
const UNKNOWN_QUERY = ';';

const ACCESS: Readonly<Record<string, User['access']>> = {
  READ: 'Read',
  WRITE: 'Write',
  'ALL PRIVILEGES': 'All',
};

/** With no right that the user has not got. One that somebody dropped, or whose grant is gone, is repaired as listed. */
function narrower(user: User, facts: Facts, state: DatabaseState | undefined): User {
  const grants = ownOf(state?.otherGrants, namesOf(facts, user.name).present) ?? [];
  const held = ACCESS[grants.find(({ database }) => database === facts.id)?.privilege ?? ''];
  return held === undefined || held === 'All' ? user : { ...user, access: held };
}
