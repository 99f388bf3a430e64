import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Secret } from 'kubernetes-types/core/v1.js';
import type { InfluxPlanSpec } from '../../api/influx-plan.ts';
import type { Credentials } from '../../influx/v1/client.ts';
import type { ContentsRecord } from '../../contents/record.ts';
import { given } from '../../kube/objects/given.ts';
import { isQuantity } from '../../kube/objects/quantity.ts';
import type { AppChanges } from '../apps/changes.ts';
import { isOlder, newestOf } from '../../versions/rules.ts';
import { isIdOf, isPassword, makeId, type Fresh } from './fresh.ts';
import { hashOf } from '../world/hash.ts';
import { ANNOTATION } from '../world/names.ts';
import { isRetired, isUsernameOf, markOf, otherUsername } from './rotation/login.ts';
import { parseRotation, type Rotation } from './rotation/rotation.ts';

/** The catalogue's entries that the database runs with; kept so that a deleted or edited entry changes nothing by itself. */
export interface InForce {
  readonly plan: { readonly name: string; readonly spec: InfluxPlanSpec };
  readonly version: { readonly name: string; readonly image: string };
  /** The volume claim, when a restore has brought another than the addon's first. */
  readonly claim?: string;
  /** Absent for a database that listens without TLS. */
  readonly tls?: 'Required';
  /** The Secret of the user's own certificate, and a hash of whom clients have to trust; absent for the operator's. */
  readonly certificate?: { readonly name: string; readonly trust: string };
  /**
   * What the certificate was made for that the database started with, beside the names inside the cluster: host names,
   * and a mark for the addresses of the Service outside. Absent when it was never reached from there.
   */
  readonly external?: readonly string[];
  /** What forwards backups, beside a database that has a store. */
  readonly agent?: { readonly image: string };
  /** The newest of the operator's authorities that apps were told of with a restart; absent where none is used. */
  readonly authority?: string;
  /** Of what apps depend on; absent in a record of an operator that did not count. */
  readonly apps?: AppChanges;
  /** What the platform wants was last taken in by the maintenance that began then (`status.maintenance.startedAt`). */
  readonly maintainedAt?: string;
  /** The last of those that restarts the database whatever its template says; RFC 3339, like the above. */
  readonly restartedAt?: string;
}

/** What must outlive the addon object: made once, kept in the admin Secret, repeated on the claim. */
export interface Facts {
  /** The database's name, and the first of the two that the application's user has in turn. */
  readonly id: string;
  /** The application's user. */
  readonly username: string;
  readonly password: string;
  readonly adminPassword: string;
  /** The newest engine version that may have opened the data. */
  readonly openedBy: string | undefined;
  readonly inForce: InForce | undefined;
  /** The password is newer than the data: Secrets for apps are made only once the database took it. */
  readonly passwordUnproven: boolean;
  /** All credentials are being changed. */
  readonly rotation?: Rotation;
  /** The token for which they were changed last, or are being changed. */
  readonly rotatedFor?: string;
  /** Marks of the logins before these, with spaces between: a Secret that still holds one is behind, not right. */
  readonly retired?: string;
  /** What was taken charge of inside the database; absent where nobody looked for it. */
  readonly contents?: ContentsFacts;
}

export interface ContentsFacts {
  readonly record: ContentsRecord;
  /** Of the users of `spec.users` and of those who were, until they are seen to be gone; by name. */
  readonly passwords: Readonly<Record<string, string>>;
}

export const ADMIN_USER = 'admin';

/** Keys of the admin Secret. */
export const ADMIN_KEY = {
  id: 'id',
  username: 'username',
  password: 'password',
  adminUsername: 'admin-username',
  adminPassword: 'admin-password',
  openedBy: 'opened-by-version',
  inForce: 'in-force',
  passwordUnproven: 'password-unproven',
  rotation: 'rotation',
  rotatedFor: 'rotated-for',
  retired: 'retired-login',
  /** What was listed of the contents of the database, as JSON. */
  contents: 'contents',
} as const;

/** Of a key of the admin Secret that holds the password of a user of `spec.users`; the name of the user follows. */
export const USER_KEY_PREFIX = 'user.';

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
 * The facts as the surviving copies tell them. A single edited copy is outvoted by two that agree; what is nowhere
 * to be found is made anew, and then `missing` names it.
 */
export function settleFacts(sources: FactSources, fresh: Fresh): { facts: Facts; missing: string[] } {
  const admin = decode(sources.adminSecret);
  const annotations = sources.claim?.metadata?.annotations ?? {};
  const missing: string[] = [];
  const made = <T>(what: string, make: () => T): T => {
    missing.push(what);
    return make();
  };
  const id =
    vote(
      [annotations[ANNOTATION.id], admin[ADMIN_KEY.id], sources.statusId].filter((text) =>
        isIdOf(sources.addonName, text),
      ),
    ) ?? made('id', () => makeId(sources.addonName, fresh.number()));
  const retired = admin[ADMIN_KEY.retired];
  const found = loginFrom(
    [
      given({ username: usernameIn(admin, id), password: admin[ADMIN_KEY.password] }),
      loginInUrl(sources.urlSecret),
      loginInBinding(sources.bindingSecret),
    ],
    id,
    retired,
  );
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

/**
 * What the copies say that the database runs with. A Secret that was put back from an old copy does not win over a
 * StatefulSet that tells of the engine that has opened the data since.
 *
 * @param openedBy the newest version that may have opened the data, where it is known better than by the Secret
 */
export function recordedInForce(
  adminSecret: Secret | undefined,
  statefulSet: StatefulSet | undefined,
  openedBy?: string,
): InForce | undefined {
  const admin = decode(adminSecret);
  const copies = [admin[ADMIN_KEY.inForce], statefulSet?.metadata?.annotations?.[ANNOTATION.inForce]]
    .map(parseInForce)
    .filter((copy) => copy !== undefined);
  const floor = newestOf(openedBy, admin[ADMIN_KEY.openedBy]);
  return copies.find(({ version }) => !isOlder(version.name, floor)) ?? copies[0];
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

/** The decoded data of a Secret; nothing for one that is not there. */
export function decode(secret: Secret | undefined): Record<string, string> {
  const entries = Object.entries(secret?.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

export function encode(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
  );
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

function loginInUrl(secret: Secret | undefined): Credentials | undefined {
  for (const value of Object.values(decode(secret))) {
    try {
      const { username, password } = new URL(value);
      return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    } catch {
      continue; // an edited copy that is no URL does not vote
    }
  }
  return undefined;
}

function loginInBinding(secret: Secret | undefined): Partial<Credentials> {
  const { username, password } = decode(secret);
  return given({ username, password });
}

/** The password in one of the statements that the bootstrap step reads. */
function quotedIn(statement: string | undefined): string | undefined {
  return statement?.match(/'([^']*)'/)?.[1];
}

function parseInForce(text: string | undefined): InForce | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<InForce>;
    const { external = [] } = value;
    const usable =
      isUsablePlan(value.plan?.spec) &&
      typeof value.version?.image === 'string' &&
      typeof value.version.name === 'string' &&
      (value.claim === undefined || typeof value.claim === 'string') &&
      Array.isArray(external) &&
      external.every((name) => typeof name === 'string') &&
      (value.agent === undefined || typeof value.agent.image === 'string') &&
      (value.apps === undefined || isCount(value.apps));
    return usable ? (value as InForce) : undefined;
  } catch {
    return undefined; // an edited record is rewritten from the catalogue
  }
}

function isCount({ change, content, before }: Partial<AppChanges>): boolean {
  return (
    Number.isSafeInteger(change) && typeof content === 'string' && (before === undefined || isCount(before))
  );
}

/** All that is made of a plan can be made of this one, whoever edited it. */
function isUsablePlan(spec: Partial<InfluxPlanSpec> | undefined): boolean {
  const quantities = [spec?.memory, spec?.cpu?.request, spec?.cpu?.limit, spec?.storage?.size];
  const { connections, concurrentQueries, series, queryTimeout } = spec?.limits ?? {};
  return (
    quantities.every(isQuantity) &&
    [connections, concurrentQueries, series].every(Number.isSafeInteger) &&
    typeof queryTimeout === 'string'
  );
}
