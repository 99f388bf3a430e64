import { findingOf } from '../decision/findings.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import { usersOf } from '../../api/addon-defaults.ts';
import { ownOf } from '../../contents/own.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action, DatabaseAccess } from '../decision/action.ts';
import { answerOf, storedContents } from './contents/facts.ts';
import { decode } from '../world/secret-data.ts';
import { type Facts } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import { ownedMeta, userSecretName } from '../world/names.ts';
import { buildBindingSecret } from '../children/binding-secret.ts';
import type { BuildContext } from '../children/context.ts';
import { difference, replacement, withIntentHash } from '../children/intent/merge.ts';
import { namesOf } from '../identity/users.ts';
import type { World } from '../world/world.ts';
import type { Finding } from '../world/memory.ts';

/** What has to be done so that each listed user has its Secret, and nobody else has one. */
function userSecretChanges(world: World, context: BuildContext): Action[] {
  const { addon, children, userSecrets = new Map<string, Live<Secret>>() } = world;
  const { passwords } = storedContents(children.adminSecret);
  const listed = usersOf(addon).map(({ name }) => name);
  const surplus = [...userSecrets].filter(([name]) => !listed.includes(name));
  const changes = listed.flatMap((name): Action[] => {
    const password = ownOf(passwords, name);
    const live = userSecrets.get(name);
    if (password === undefined || live?.metadata.deletionTimestamp !== undefined) return [];
    // A password that the database has not taken yet is in no Secret of an application.
    const { present } = namesOf(context.facts, name);
    const published = live !== undefined && decode(live)['password'] === password;
    if (!published && !mayLogIn(world, context.facts, present, password)) return [];
    const intent = buildUserSecret(context, name, password);
    if (live === undefined)
      return [{ do: 'create', kind: kinds.Secret, object: withIntentHash<KubeObject>(intent) }];
    const why = difference(live, intent);
    return why === undefined
      ? []
      : [{ do: 'replace', kind: kinds.Secret, object: replacement(live, intent) as KubeObject, why }];
  });
  return [...surplus.flatMap(([, live]) => removal(live)), ...changes];
}

/**
 * Listed users that nobody could try yet, because the database did not answer to their login: they have no Secret, so
 * what is asked for is not in force, and they are tried again soon.
 */
function untriedUsers(world: World, { facts }: BuildContext): string[] {
  const { addon, children, userSecrets } = world;
  const { passwords } = storedContents(children.adminSecret);
  const answer = answerOf(world, facts);
  return usersOf(addon)
    .map(({ name }) => name)
    .filter((name) => {
      const password = ownOf(passwords, name);
      const { present } = namesOf(facts, name);
      if (password === undefined || userSecrets?.has(name) === true) return false;
      if (answer?.state.users.some((user) => user.name === present) !== true) return false;
      return ownOf(answer.logins, present)?.login === 'Unknown';
    });
}

/** A write that was refused is about the Secret of a listed user. */
export function isOfUserSecret({ target }: Finding, addon: World['addon']): boolean {
  return usersOf(addon).some(({ name }) => target === `Secret/${userSecretName(addon.metadata.name, name)}`);
}

/** The user's credentials in the entries of the binding Secret. */
function buildUserSecret(context: BuildContext, user: string, password: string): Secret {
  const { addon, facts } = context;
  // Every entry that holds credentials is made of these: nothing of the application's is in it.
  const credentials = { ...facts, username: namesOf(facts, user).present, password };
  return {
    ...buildBindingSecret({ ...context, facts: credentials }),
    metadata: ownedMeta(addon, userSecretName(addon.metadata.name, user)),
  };
}

function mayLogIn(world: World, facts: Facts, name: string, password: string): boolean {
  const login = ownOf(answerOf(world, facts)?.logins, name);
  return login?.login === 'Accepted' && login.mark === hashOf(password);
}

function removal(live: Live<Secret>): Action[] {
  const { name, namespace = '', uid, resourceVersion, deletionTimestamp } = live.metadata;
  if (deletionTimestamp !== undefined) return [];
  const key = { name, namespace };
  return [
    {
      do: 'delete',
      kind: kinds.Secret,
      key,
      uid,
      resourceVersion,
      why: 'spec.users does not list it any more',
    },
  ];
}

/** A listed user whose login the database did not answer to is tried again so soon. */
const TRY_AGAIN_MS = 5_000;

export interface Tried {
  /** Listed users whose login is still to be tried. */
  readonly untried: readonly string[];
  /** When the next try is, in milliseconds from now. */
  readonly tryMs: number;
}

/** The Secrets of further users, each made once the database has let its user in. */
export function userSecretsStep({
  world,
  context,
  active,
  access,
  now,
}: Scene & {
  readonly context: BuildContext;
  readonly active: readonly Finding[];
  readonly access: DatabaseAccess;
}): Tried | Outcome {
  const secrets = userSecretChanges(world, context).filter(
    (action) => findingOf(action, active) === undefined,
  );
  if (secrets.length > 0) return acting(secrets);
  const untried = untriedUsers(world, context);
  const sinceMs = now.getTime() - (world.memory.database?.askedMs ?? 0);
  const tryMs = untried.length === 0 ? Infinity : TRY_AGAIN_MS - sinceMs;
  return tryMs <= 0 ? acting([{ do: 'askDatabase', access }]) : { untried, tryMs };
}
