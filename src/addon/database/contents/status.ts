import type { InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { inWords } from '../../../contents/durations.ts';
import { ownOf } from '../../../contents/own.ts';
import { given } from '../../../kube/objects/given.ts';
import type { Announcement } from '../../decision/action.ts';
import { storedContents } from './facts.ts';
import type { ContentsOutcome } from './next.ts';
import { ADMIN_USER } from '../../identity/admin-keys.ts';
import { userSecretName } from '../../world/names.ts';
import { EVENT_REASON } from '../../../api/reasons.ts';
import { isUsernameOf, userOfName } from '../../identity/login.ts';
import type { World } from '../../world/world.ts';

type ContentsStatus = Pick<InfluxAddonStatus, 'retentionPolicies' | 'continuousQueries' | 'users'>;

/** As many as the schema takes; what is listed comes first, and the rest is in the database to be seen. */
const MAX = { retentionPolicies: 100, continuousQueries: 200, users: 200 } as const;
const MAX_NAME = 253;

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
  const queries = state.continuousQueries.map(({ name }) => {
    const listed = has(wishes.continuousQueries, name) || has(record.continuousQueries, name);
    return { name, listed, ...given({ revision: listed ? revisions.get(name) : undefined }) };
  });
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
    continuousQueries: shown(queries, MAX.continuousQueries),
    users: shown(users, MAX.users),
  });
}

/** Tells of continuous queries that nobody listed: also a user who may only read can make one that writes. */
export function foundQueries(
  before: InfluxAddonStatus | undefined,
  after: InfluxAddonStatus,
): Announcement[] {
  const known = new Set(before?.continuousQueries?.map(({ name }) => name));
  const found = (after.continuousQueries ?? []).filter(({ name, listed }) => !listed && !known.has(name));
  if (found.length === 0) return [];
  const names = found.slice(0, 5).map(({ name }) => name);
  const more = found.length > names.length ? ` and ${found.length - names.length} more` : '';
  return [
    {
      type: 'Normal',
      reason: EVENT_REASON.continuousQueryFound,
      note: `The database has continuous queries that spec.continuousQueries does not list: ${names.join(', ')}${more}. They are left alone. Any user of the database can make one, also with access Read, and it writes.`,
    },
  ];
}

/** A name that is longer than the schema takes is left out; nothing at all is no list. */
function shown<T extends { name: string; listed: boolean }>(
  items: readonly T[],
  max: number,
): T[] | undefined {
  const usable = items.filter(({ name }) => name !== '' && name.length <= MAX_NAME);
  const sorted = usable.toSorted(
    (a, b) => Number(b.listed) - Number(a.listed) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  return sorted.length === 0 ? undefined : sorted.slice(0, max);
}
