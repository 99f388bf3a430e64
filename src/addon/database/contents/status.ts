import type { InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { inWords } from '../../../contents/durations.ts';
import { ownOf } from '../../../contents/own.ts';
import { given } from '../../../kube/objects/given.ts';
import { storedContents } from './facts.ts';
import type { ContentsOutcome } from './next.ts';
import { ADMIN_USER } from '../../identity/admin-keys.ts';
import { userSecretName } from '../../world/names.ts';
import { isUsernameOf, userOfName } from '../../identity/login.ts';
import type { World } from '../../world/world.ts';
import { chosen, shownName, textOf } from './unlisted.ts';

export type ContentsStatus = Pick<
  InfluxAddonStatus,
  'retentionPolicies' | 'continuousQueries' | 'moreContinuousQueries' | 'users'
>;

/** As many as the schema takes; what is listed comes first, and the rest is in the database to be seen. */
const MAX = { retentionPolicies: 100, continuousQueries: 200, users: 200 } as const;

/** What the database holds beside points, and which of it the spec lists. */
export function contentsStatus(world: World, id: string, contents: ContentsOutcome): ContentsStatus {
  const { addon, children, userSecrets } = world;
  const { record, passwords } = storedContents(children.adminSecret);
  const { state, wishes, revisions } = contents;
  const has = (list: readonly { name: string }[], name: string) => list.some((each) => each.name === name);

  const policies = state.retentionPolicies.map((policy) => ({
    name: policy.name,
    duration: inWords(policy.durationSeconds),
    shardDuration: inWords(policy.shardDurationSeconds),
    ...(policy.default ? { default: true } : {}),
    listed: has(wishes.retentionPolicies, policy.name) || record.retentionPolicies.includes(policy.name),
  }));
  const queries = state.continuousQueries.map(({ name, query }) => {
    const listed = has(wishes.continuousQueries, name) || has(record.continuousQueries, name);
    const known = listed ? { revision: revisions.get(name) } : { text: textOf(name, query) };
    return { name: shownName(name), listed, ...given(known) };
  });
  const listed = queries.filter((query) => query.listed);
  const { shown: unlisted, moreContinuousQueries } = chosen(
    queries.filter((query) => !query.listed),
    MAX.continuousQueries - listed.length,
    addon.status,
  );
  const users = state.users
    .filter(({ name }) => name !== ADMIN_USER && !isUsernameOf(id, name))
    .map(({ name, admin }) => ({
      name,
      listed: ownOf(passwords, userOfName(name)) !== undefined,
      ...(admin ? { administrator: true } : {}),
      ...(userSecrets?.has(userOfName(name))
        ? { secret: userSecretName(addon.metadata.name, userOfName(name)) }
        : {}),
    }));
  return given({
    retentionPolicies: shown(policies, MAX.retentionPolicies),
    continuousQueries: shown([...listed, ...unlisted], MAX.continuousQueries),
    moreContinuousQueries,
    users: shown(users, MAX.users),
  });
}

/** A name that is longer than the schema takes is shortened; nothing at all is no list. */
function shown<T extends { name: string; listed: boolean }>(
  items: readonly T[],
  max: number,
): T[] | undefined {
  // The list is a map by name: two of one would have the whole status refused.
  const byName = new Map(items.toReversed().map((item) => [shownName(item.name), item]));
  const usable = [...byName].map(([name, item]) => ({ ...item, name }));
  const sorted = usable.toSorted(
    (a, b) => Number(b.listed) - Number(a.listed) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  return sorted.length === 0 ? undefined : sorted.slice(0, max);
}
