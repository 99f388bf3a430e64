import { ownOf } from '../../contents/own.ts';
import { usersOf } from '../../api/addon-defaults.ts';
import type { Action, Announcement } from '../decision/action.ts';
import { targetOf } from '../decision/findings.ts';
import type { AppPicture } from '../decision/picture.ts';
import { childChanges, withoutRefused } from '../children/changes.ts';
import { messageOf, type Contest } from '../children/contested/contest.ts';
import { turnOf } from '../children/contested/repairs.ts';
import { decode } from '../world/secret-data.ts';
import { type Facts } from '../world/facts.ts';
import type { Fresh } from '../world/fresh.ts';
import { hashOf } from '../world/hash.ts';
import { userSecretName } from '../world/names.ts';
import { given } from '../../kube/objects/given.ts';
import { EVENT_REASON } from '../../api/reasons.ts';
import { CHILDREN } from '../children/index.ts';
import type { Settings } from '../world/settings.ts';
import type { BuildContext } from '../children/context.ts';
import type { World } from '../world/world.ts';
import type { Finding, UserLogin } from '../world/memory.ts';
import { otherUsername } from '../identity/login.ts';
import { adopted, begun, finished, followed, promoted, revoking } from '../identity/rotation-phases.ts';
import { newToken } from '../identity/token.ts';
import { namesOf } from '../identity/users.ts';

/** What the admin Secret has to say next of a rotation. Nothing else happens in the same pass: all else follows from it. */
export interface Turn {
  readonly facts: Facts;
  readonly events: readonly Announcement[];
}

/** How long former credentials work at least, for whoever read the Secrets and is not in `spec.apps`. */
export const DEFAULT_OVERLAP_MS = 600_000;
/** A pod that was replaced may take as long to end. */
const LAST_PODS_MS = 120_000;

/**
 * The next turn of a rotation, from a database that answers and needs no further statement. Before the apps are looked
 * at, so that a rotation and a change of the spec that come together cost them one restart.
 *
 * @param mayBegin a spec that cannot be followed keeps apps from being restarted, so nothing begins that needs it
 */
export function nextTurn(
  world: World,
  facts: Facts,
  { mayBegin, fresh, now }: { mayBegin: boolean; fresh: Fresh; now: Date },
): Turn | undefined {
  const answer = world.memory.database?.answer;
  if (answer?.ok !== true) return undefined;
  const { rotation, id, username } = facts;
  const exists = (name: string) => answer.state.users.some((user) => user.name === name);
  switch (rotation?.phase) {
    case undefined: {
      if (exists(otherUsername(id, username))) return { facts: adopted(facts, now), events: [] };
      const token = mayBegin ? newToken(world, facts) : undefined;
      if (token === undefined) return undefined;
      return { facts: begun(facts, token, () => fresh.password(), now), events: [] };
    }
    case 'Preparing': {
      const proven =
        answer.otherLogin === 'Accepted' &&
        answer.administrator === 'Other' &&
        usersAreProven(world, facts, answer.logins);
      return proven ? { facts: promoted(facts, now), events: [rotated(username)] } : undefined;
    }
    case 'Overlapping':
      return undefined; // until the apps have followed: see lastTurn
    case 'Revoking':
      return exists(rotation.username) || usersAreLeft(facts, exists)
        ? undefined
        : { facts: finished(facts), events: [revoked(rotation.username)] };
  }
}

/** The end of the overlap, once nobody needs the former login: a turn, or when to look again. */
export function lastTurn(
  world: World,
  facts: Facts,
  apps: readonly AppPicture[] | undefined,
  now: Date,
): Turn | { readonly wakeMs: number } | undefined {
  if (facts.rotation?.phase !== 'Overlapping' || apps === undefined) return undefined;
  if (apps.some(needsFormer) || userSecretsBehind(world, facts).length > 0) return undefined;
  if (!isTold(apps) && facts.rotation.followedAt === undefined && apps.some(({ current }) => current))
    return { facts: followed(facts, now), events: [] };
  const endMs = Math.max(overlapEnd(facts, world.settings), lastPodsEnd(world, facts, apps, now));
  const leftMs = endMs - now.getTime();
  return leftMs > 0 ? { wakeMs: leftMs } : { facts: revoking(facts, now), events: [] };
}

/** Every listed user can log in with its new password. */
function usersAreProven(
  { addon }: World,
  facts: Facts,
  logins: Readonly<Record<string, UserLogin>> = {},
): boolean {
  const { users = {} } = facts.rotation ?? {};
  return usersOf(addon).every(({ name }) => {
    const password = ownOf(users, name);
    const found = ownOf(logins, namesOf(facts, name).other);
    return password === undefined || (found?.login === 'Accepted' && found.mark === hashOf(password));
  });
}

function usersAreLeft(facts: Facts, exists: (name: string) => boolean): boolean {
  return Object.keys(facts.contents?.passwords ?? {}).some((user) => exists(namesOf(facts, user).other));
}

/**
 * Names of the users' Secrets that do not tell of the new password yet. One that may not be made, because somebody else's
 * has its name or for a quota, has told nobody of a former password: nothing waits for it.
 */
export function userSecretsBehind({ addon, userSecrets, memory }: World, { contents }: Facts): string[] {
  return usersOf(addon).flatMap(({ name }) => {
    const secret = userSecretName(addon.metadata.name, name);
    const live = userSecrets?.get(name);
    if (live === undefined && memory.findings.some(({ target }) => target === `Secret/${secret}`)) return [];
    const password = ownOf(contents?.passwords, name);
    return password !== undefined && decode(live)['password'] !== password ? [secret] : [];
  });
}

/**
 * What writes the facts, and only them; nothing while that is refused. A turn that somebody has taken back is taken again
 * as rarely as what restarts apps is put right, since that is what comes of it.
 */
export function storing(
  { memory }: Pick<World, 'memory'>,
  context: BuildContext,
  facts: Facts,
  active: readonly Finding[],
  now: Date,
): { readonly actions: readonly Action[]; readonly contests: readonly Contest[] } {
  const others = CHILDREN.map(({ slot }) => slot).filter((slot) => slot !== 'adminSecret');
  const changes = withoutRefused(childChanges({ ...context, facts }, new Set(others)), active);
  const contests: Contest[] = [];
  const actions = changes.flatMap(({ action }) => {
    const target = targetOf(action) ?? '';
    if (action.do !== 'replace' && action.do !== 'create') return [];
    const about = `${target} (rotation)`;
    const { phase, followedAt } = facts.rotation ?? {};
    const of = hashOf({ phase, token: facts.rotatedFor, revoked: facts.retired, ...given({ followedAt }) });
    const mends = { of, again: false, generation: undefined, ...TURN };
    const { times, dueMs } = turnOf(memory.repairs?.get(about), mends, now.getTime());
    if (dueMs <= now.getTime()) return [{ ...action, repair: { of, times, about, ...TURN } }];
    contests.push({ message: messageOf(target, TURN.paths), isHarmless: false, untilMs: dueMs });
    return [];
  });
  return { actions, contests };
}

const TURN = { paths: ['data.rotation'], endsPod: true, isHarmless: false } as const;

/** Pods of the app may still log in with the former credentials. One that never ran with any has none. */
export function needsFormer({ current, reason, entry }: AppPicture): boolean {
  return !current && reason !== 'AppMissing' && entry?.revision !== undefined;
}

/** When the former credentials have worked for long enough, milliseconds since the epoch. */
export function overlapEnd({ rotation }: Facts, { credentialOverlapMs }: Settings): number {
  return Date.parse(rotation?.since ?? '') + (credentialOverlapMs ?? DEFAULT_OVERLAP_MS);
}

/**
 * The pods that an app's rollout replaced are told to end when it is done, and end a little later. A rollout that took
 * too short a time to be told by the condition is known by when the app was restarted.
 */
function lastPodsEnd(
  { addon, settings }: World,
  { rotation }: Facts,
  apps: readonly AppPicture[],
  now: Date,
): number {
  const condition = addon.status?.conditions?.find(({ type }) => type === 'AppsCurrent');
  const told = condition !== undefined && isTold(apps);
  const followedMs = Date.parse(rotation?.followedAt ?? '') || 0;
  const becameCurrent =
    condition?.status === 'True' ? Date.parse(condition.lastTransitionTime) : now.getTime();
  const restarts = apps.map(({ entry }) => Date.parse(entry?.restartedAt ?? '') || 0);
  const since = Math.max(told ? becameCurrent : 0, followedMs, ...restarts);
  const margin = Math.min(LAST_PODS_MS, settings.credentialOverlapMs ?? DEFAULT_OVERLAP_MS);
  return since + margin;
}

/** The condition AppsCurrent tells since when all are; beside one that is missing it never does. */
function isTold(apps: readonly AppPicture[]): boolean {
  return apps.every(({ current }) => current);
}

function rotated(formerUser: string): Announcement {
  const note = `New credentials are in force. The former user ${formerUser} can log in until the apps run with them; see status.rotation.`;
  return { type: 'Normal', reason: EVENT_REASON.credentialsRotated, note };
}

function revoked(formerUser: string): Announcement {
  const note = `The former user ${formerUser} is dropped: its password works no more.`;
  return { type: 'Normal', reason: EVENT_REASON.credentialsRevoked, note };
}
