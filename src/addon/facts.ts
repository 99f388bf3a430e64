import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Secret } from 'kubernetes-types/core/v1.js';
import type { InfluxPlanSpec } from '../api/influx-plan.ts';
import { isQuantity } from '../kube/quantity.ts';
import { isIdOf, isPassword, makeId, type Fresh } from './fresh.ts';
import { hashOf } from './hash.ts';
import { ANNOTATION } from './names.ts';

/** The catalogue's entries that the database runs with; kept so that a deleted or edited entry changes nothing by itself. */
export interface InForce {
  readonly plan: { readonly name: string; readonly spec: InfluxPlanSpec };
  readonly version: { readonly name: string; readonly image: string };
  /** Absent for a database that listens without TLS. */
  readonly tls?: 'Required';
  /** The Secret of the user's own certificate, and a hash of whom clients have to trust; absent for the operator's. */
  readonly certificate?: { readonly name: string; readonly trust: string };
  /** What the platform wants was last taken in by the maintenance that began then (`status.maintenance.startedAt`). */
  readonly maintainedAt?: string;
  /** The last of those that restarts the database whatever its template says; RFC 3339, like the above. */
  readonly restartedAt?: string;
}

/** What must outlive the addon object: made once, kept in the admin Secret, repeated on the claim. */
export interface Facts {
  readonly id: string;
  /** The application's password; its user name and its database are called like the id. */
  readonly password: string;
  readonly adminPassword: string;
  /** The newest engine version that may have opened the data. */
  readonly openedBy: string | undefined;
  readonly inForce: InForce | undefined;
  /** The password is newer than the data: Secrets for apps are made only once the database took it. */
  readonly passwordUnproven: boolean;
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
} as const;

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
  const found = vote(
    [
      admin[ADMIN_KEY.password],
      passwordInUrl(sources.urlSecret),
      decode(sources.bindingSecret).password,
    ].filter(isPassword),
  );
  const password = found ?? made('password', () => fresh.password());
  const adminPassword =
    vote(
      [
        admin[ADMIN_KEY.adminPassword],
        quotedIn(admin['create-admin.iql']),
        quotedIn(admin['heal-admin.iql']),
      ].filter(isPassword),
    ) ?? made('admin-password', () => fresh.password());
  const unprovenBefore =
    sources.adminSecret === undefined ? false : admin[ADMIN_KEY.passwordUnproven] === 'true';
  return {
    facts: {
      id,
      password,
      adminPassword,
      openedBy: newest(admin[ADMIN_KEY.openedBy], annotations[ANNOTATION.openedBy]),
      inForce:
        parseInForce(admin[ADMIN_KEY.inForce]) ??
        parseInForce(sources.statefulSet?.metadata?.annotations?.[ANNOTATION.inForce]),
      passwordUnproven:
        unprovenBefore || (found === undefined && annotations[ANNOTATION.openedBy] !== undefined),
    },
    missing,
  };
}

/** Tells whether two sets of credentials are the same; kept in memory only. */
export function credentialsMark({
  id,
  password,
  adminPassword,
}: Pick<Facts, 'id' | 'password' | 'adminPassword'>): string {
  return hashOf({ id, password, adminPassword });
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
function vote(copies: (string | undefined)[]): string | undefined {
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

function passwordInUrl(secret: Secret | undefined): string | undefined {
  for (const value of Object.values(decode(secret))) {
    try {
      return decodeURIComponent(new URL(value).password);
    } catch {
      continue; // an edited copy that is no URL does not vote
    }
  }
  return undefined;
}

/** The password in one of the statements that the bootstrap step reads. */
function quotedIn(statement: string | undefined): string | undefined {
  return statement?.match(/'([^']*)'/)?.[1];
}

function newest(a: string | undefined, b: string | undefined): string | undefined {
  const known = [a, b].filter((text): text is string => text !== undefined && /^\d+\.\d+\.\d+$/.test(text));
  const [first, second] = known;
  if (first === undefined || second === undefined) return first;
  return first.localeCompare(second, 'en', { numeric: true }) >= 0 ? first : second;
}

function parseInForce(text: string | undefined): InForce | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<InForce>;
    const usable = isUsablePlan(value.plan?.spec) && typeof value.version?.image === 'string';
    return usable ? (value as InForce) : undefined;
  } catch {
    return undefined; // an edited record is rewritten from the catalogue
  }
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
