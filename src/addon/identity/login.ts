import type { Credentials } from '../../influx/credentials.ts';
import { hashOf } from '../world/hash.ts';

/**
 * The other name of the application's user. InfluxDB knows one password a user, so while some pods of an app still log
 * in with the old one and others already with the new one, there have to be two users: a rotation goes from one name
 * to the other. Only the first is the id itself; no user of `spec.users` can be called like either.
 */
export function otherUsername(id: string, username: string): string {
  return username === id ? `${id}_b` : id;
}

/** The application's user may be called so. */
export function isUsernameOf(id: string, text: string | undefined): text is string {
  return text === id || text === `${id}_b`;
}

/** The name of a user of `spec.users` in the database: the first one is that of the spec, which has no underscore. */
export function nameOfUser(user: string, first: boolean): string {
  return first ? user : `${user}_b`;
}

/** The user of `spec.users` that has this name in the database. */
export function userOfName(name: string): string {
  return name.replace(/_b$/, '');
}

/** The marks in `retired` have that of this login among them. */
export function isRetired(login: Credentials, retired: string | undefined): boolean {
  return retired?.split(' ').includes(markOf(login)) ?? false;
}

/** Tells logins apart without telling what they are: of a random password nobody finds it by this. */
export function markOf({ username, password }: Credentials): string {
  return hashOf({ username, password });
}
