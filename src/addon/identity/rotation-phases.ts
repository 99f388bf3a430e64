import { type Rotation } from '../world/facts.ts';
import type { Credentials } from '../../influx/credentials.ts';
import { given } from '../../kube/objects/given.ts';
import { isPassword } from './fresh.ts';
import type { Facts } from '../world/facts.ts';
import { markOf, otherUsername } from './login.ts';

/** Statements about users are a rotation's: none of them repairs anything. */
export function changesUsers({ rotation }: Facts): boolean {
  return rotation?.phase === 'Preparing' || rotation?.phase === 'Revoking';
}

/** New credentials are drawn; nothing of the database or the Secrets for apps changes by this. */
export function begun(facts: Facts, token: string, draw: () => string, now: Date): Facts {
  const username = otherUsername(facts.id, facts.username);
  const other = { username, password: draw(), adminPassword: draw() };
  const users = Object.keys(facts.contents?.passwords ?? {}).map((user) => [user, draw()] as const);
  return {
    ...facts,
    rotatedFor: token,
    rotation: { phase: 'Preparing', since: now.toISOString(), ...other, ...some(Object.fromEntries(users)) },
  };
}

/** A user of the other name that no record tells of: somebody may still log in as it, so it goes as a former login goes. */
export function adopted(facts: Facts, now: Date): Facts {
  const username = otherUsername(facts.id, facts.username);
  return { ...facts, rotation: { phase: 'Overlapping', since: now.toISOString(), username } };
}

/** The new credentials, which the database accepts, are the ones in force; the former ones take their place. */
export function promoted(facts: Facts, now: Date): Facts {
  const { rotation, username, password, adminPassword, contents } = facts;
  if (rotation?.password === undefined) return facts;
  return {
    ...facts,
    username: rotation.username,
    password: rotation.password,
    adminPassword: rotation.adminPassword ?? adminPassword,
    ...(contents === undefined
      ? {}
      : { contents: { ...contents, passwords: { ...contents.passwords, ...rotation.users } } }),
    retired: [{ username, password }, ...loginsOf(contents?.passwords)].map(markOf).join(' '),
    rotation: {
      phase: 'Overlapping',
      since: now.toISOString(),
      username,
      password,
      adminPassword,
      ...some(contents?.passwords ?? {}),
    },
  };
}

/** Pods that the apps replaced last may be ending still, from now on. */
export function followed(facts: Facts, now: Date): Facts {
  const { rotation } = facts;
  return rotation === undefined
    ? facts
    : { ...facts, rotation: { ...rotation, followedAt: now.toISOString() } };
}

/** From now on nobody makes the former login again. */
export function revoking(facts: Facts, now: Date): Facts {
  const { rotation } = facts;
  if (rotation === undefined) return facts;
  return {
    ...facts,
    rotation: { phase: 'Revoking', since: now.toISOString(), username: rotation.username },
  };
}

export function finished(facts: Facts): Facts {
  const { rotation: _, ...rest } = facts;
  return rest;
}

function some(users: Readonly<Record<string, string>>): Pick<Rotation, 'users'> {
  return Object.keys(users).length === 0 ? {} : { users };
}

function loginsOf(passwords: Readonly<Record<string, string>> = {}): Credentials[] {
  return Object.entries(passwords).map(([username, password]) => ({ username, password }));
}

/** From the admin Secret; an edited record is none. `username` is that of the published login. */
export function parseRotation(text: string | undefined, id: string, username: string): Rotation | undefined {
  if (text === undefined) return undefined;
  try {
    const {
      phase,
      since,
      password,
      adminPassword,
      users = {},
      followedAt,
      ...value
    } = JSON.parse(text) as Partial<Rotation>;
    const other = otherUsername(id, username);
    if (value.username !== other || Number.isNaN(Date.parse(since ?? '')) || since === undefined)
      return undefined;
    if (phase !== 'Preparing' && phase !== 'Overlapping' && phase !== 'Revoking') return undefined;
    // Without a password there is nothing to publish: it begins anew.
    if (phase === 'Preparing' && !(isPassword(password) && isPassword(adminPassword))) return undefined;
    return {
      phase,
      since,
      username: other,
      ...(isPassword(password) ? { password } : {}),
      ...(isPassword(adminPassword) ? { adminPassword } : {}),
      ...some(Object.fromEntries(Object.entries(users).filter(([, each]) => isPassword(each)))),
      ...(Number.isNaN(Date.parse(followedAt ?? '')) ? {} : given({ followedAt })),
    };
  } catch {
    return undefined;
  }
}
