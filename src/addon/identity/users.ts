import { ownOf } from '../../contents/own.ts';
import type { UserWish } from '../../contents/wishes.ts';
import type { Facts } from '../world/facts.ts';
import { nameOfUser } from './login.ts';

/*
 * The users of `spec.users` change their names with the application's: InfluxDB knows one password for each, and
 * whoever logs in as one of them is to go on while it reads its Secret again.
 */

type Known = Pick<Facts, 'id' | 'username' | 'contents' | 'rotation'>;

/** By name in the database: the passwords with which the users of `spec.users` have to be let in. */
export function passwordsInDatabase(facts: Known): Record<string, string> {
  const entries = Object.entries(facts.contents?.passwords ?? {}).flatMap(([user, password]) => {
    const other = ownOf(facts.rotation?.users, user);
    const { present, other: otherName } = namesOf(facts, user);
    return [[present, password] as const, ...(other === undefined ? [] : [[otherName, other] as const])];
  });
  return Object.fromEntries(entries);
}

/** The same with an entry for each user that may be there and has to go. */
export function passwordsToPlan(facts: Known, wishes: readonly UserWish[]): Record<string, string> {
  const going = Object.keys(facts.contents?.passwords ?? {})
    .filter((user) => facts.rotation?.phase === 'Revoking' || !wishes.some(({ name }) => name === user))
    .map((user) => [namesOf(facts, user).other, ''] as const);
  return { ...Object.fromEntries(going), ...passwordsInDatabase(facts) };
}

/** What is listed, under the names in the database; during a rotation each user has two. */
export function usersInDatabase(facts: Known, wishes: readonly UserWish[]): UserWish[] {
  return wishes.flatMap((wish) => {
    const { present, other } = namesOf(facts, wish.name);
    const both = ownOf(facts.rotation?.users, wish.name) === undefined ? [present] : [present, other];
    return both.map((name) => ({ ...wish, name }));
  });
}

/** The name that is published, and the other one. */
export function namesOf({ id, username }: Pick<Facts, 'id' | 'username'>, user: string) {
  const first = username === id;
  return { present: nameOfUser(user, first), other: nameOfUser(user, !first) };
}
