import { recordedInForce } from './record.ts';
import { ADMIN_KEY } from './admin-keys.ts';
import { decode } from '../world/secret-data.ts';
import { type Facts } from '../world/facts.ts';
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Secret } from 'kubernetes-types/core/v1.js';
import type { Credentials } from '../../influx/credentials.ts';
import { given } from '../../kube/objects/given.ts';
import { newestOf } from '../../versions/rules.ts';
import { isIdOf, isPassword, makeId } from './fresh.ts';
import { type Fresh } from '../world/fresh.ts';
import { hashOf } from '../world/hash.ts';
import { ANNOTATION } from '../world/names.ts';
import { isRetired, isUsernameOf, markOf, otherUsername } from './login.ts';
import { parseRotation } from './rotation-phases.ts';

/** Where copies of an addon's facts may be found. */
export interface FactSources {
  readonly addonName: string;
  readonly statusId: string | undefined;
  readonly adminSecret: Secret | undefined;
  readonly urlSecret: Secret | undefined;
  readonly bindingSecret: Secret | undefined;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly statefulSet: StatefulSet | undefined;
}

/**
 * The facts as the surviving copies tell them. The admin Secret alone is believed about the login as long as it is well
 * formed: whoever puts back old copies of both Secrets for apps changes no password by it. Without it, and about the id,
 * a single edited copy is outvoted by two that agree. What is nowhere to be found is made anew, and `missing` names it.
 */
export function settleFacts(sources: FactSources, fresh: Fresh): { facts: Facts; missing: string[] } {
  const admin = decode(sources.adminSecret);
  const annotations = sources.claim?.metadata?.annotations ?? {};
  const missing: string[] = [];
  const made = <T>(what: string, make: () => T): T => {
    missing.push(what);
    return make();
  };
  const idIn = (copies: (string | undefined)[]) =>
    vote(copies.filter((text) => isIdOf(sources.addonName, text)));
  const id =
    idIn([annotations[ANNOTATION.id], admin[ADMIN_KEY.id], sources.statusId]) ??
    idIn(databasesFor(sources)) ??
    made('id', () => makeId(sources.addonName, fresh.number()));
  const retired = admin[ADMIN_KEY.retired];
  const kept = given({ username: usernameIn(admin, id), password: admin[ADMIN_KEY.password] });
  const found =
    wellFormed(kept, retired) ??
    loginFrom([kept, loginInUrl(sources.urlSecret), loginInBinding(sources.bindingSecret)], id, retired);
  const login = found ?? { username: id, password: made('password', () => fresh.password()) };
  const rotation = parseRotation(admin[ADMIN_KEY.rotation], id, login.username);
  const rotatedFor = admin[ADMIN_KEY.rotatedFor];
  const adminPassword =
    vote(
      [
        admin[ADMIN_KEY.adminPassword],
        quotedIn(admin['create-admin.iql']),
        quotedIn(admin['heal-admin.iql']),
      ].filter(isPassword),
    ) ?? made('admin-password', () => fresh.password());
  const openedBy = newestOf(admin[ADMIN_KEY.openedBy], annotations[ANNOTATION.openedBy]);
  const unprovenBefore =
    sources.adminSecret === undefined ? false : admin[ADMIN_KEY.passwordUnproven] === 'true';
  return {
    facts: {
      id,
      ...login,
      adminPassword,
      openedBy,
      inForce: recordedInForce(sources.adminSecret, sources.statefulSet, openedBy),
      passwordUnproven:
        unprovenBefore || (found === undefined && annotations[ANNOTATION.openedBy] !== undefined),
      ...given({ rotation, rotatedFor, retired }),
    },
    missing,
  };
}

/** Tells whether two sets of credentials are the same; kept in memory only. */
export function credentialsMark({
  id,
  username,
  password,
  adminPassword,
  rotation,
}: Pick<Facts, 'id' | 'username' | 'password' | 'adminPassword' | 'rotation'>): string {
  return hashOf({ id, username, password, adminPassword, rotation });
}

/** The value that most copies hold; of equally frequent ones the first. */
export function vote(copies: (string | undefined)[]): string | undefined {
  let best: string | undefined;
  let bestCount = 0;
  for (const copy of copies) {
    const count = copies.filter((other) => other === copy).length;
    if (copy !== undefined && count > bestCount) {
      best = copy;
      bestCount = count;
    }
  }
  return best;
}

/** The login of the admin Secret, whole and in force: one that its own record calls retired was put there by somebody. */
function wellFormed(
  { username, password }: Partial<Credentials>,
  retired: string | undefined,
): Credentials | undefined {
  if (username === undefined || !isPassword(password)) return undefined;
  return isRetired({ username, password }, retired) ? undefined : { username, password };
}

/** The login that most copies hold: user and password together, since each belongs to the other. */
function loginFrom(
  copies: readonly (Partial<Credentials> | undefined)[],
  id: string,
  retired: string | undefined,
): Credentials | undefined {
  const logins = copies.flatMap((copy): Credentials[] => {
    const { username, password } = copy ?? {};
    if (!isPassword(password)) return [];
    const login = { username: isUsernameOf(id, username) ? username : id, password };
    return isRetired(login, retired) ? [] : [login];
  });
  const chosen = vote(logins.map(markOf));
  return logins.find((login) => markOf(login) === chosen);
}

/** An edited name is told by the record of a rotation, which has the other one. */
function usernameIn(admin: Record<string, string>, id: string): string | undefined {
  const username = admin[ADMIN_KEY.username];
  if (isUsernameOf(id, username)) return username;
  return [id, otherUsername(id, id)].find((each) => parseRotation(admin[ADMIN_KEY.rotation], id, each));
}

/** The database that apps are told, which is the id. */
function databasesFor({ urlSecret, bindingSecret }: FactSources): (string | undefined)[] {
  return [
    decode(bindingSecret)['database'],
    ...urlsIn(urlSecret).map(({ pathname }) => pathname.replace(/^\//, '')),
  ];
}

function loginInUrl(secret: Secret | undefined): Credentials | undefined {
  for (const { username, password } of urlsIn(secret)) {
    try {
      return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    } catch {
      continue; // an edited copy with a bare % does not vote
    }
  }
  return undefined;
}

/** A copy that was edited so that it is no URL does not vote either. */
function urlsIn(secret: Secret | undefined): URL[] {
  return Object.values(decode(secret)).flatMap((value) => URL.parse(value) ?? []);
}

function loginInBinding(secret: Secret | undefined): Partial<Credentials> {
  const { username, password } = decode(secret);
  return given({ username, password });
}

/** The password in one of the statements that the bootstrap step reads. */
function quotedIn(statement: string | undefined): string | undefined {
  return statement?.match(/'([^']*)'/)?.[1];
}
