import { STALLED_REASON } from '../api/reasons.ts';
import type { DatabaseState } from '../influx/state.ts';
import * as influxql from '../influx/v1/influxql.ts';
import { ownOf } from './own.ts';
import type { ContentsStep, Problem } from './step.ts';
import type { UserWish } from './wishes.ts';

export interface UserInput {
  /** Name of the database. */
  readonly id: string;
  readonly wishes: readonly UserWish[];
  readonly state: Pick<DatabaseState, 'users' | 'otherGrants'>;
  /** Passwords of the users who were listed since they were made, as stored: a user without one is not ours. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Who could not log in with it. */
  readonly refused: ReadonlySet<string>;
}

/** The statements that make the users as they are listed. Somebody who stopped being listed goes at once. */
export function planUsers({ id, wishes, state, passwords, refused }: UserInput): ContentsStep[] {
  const steps: ContentsStep[] = [];
  const step = (what: ContentsStep['what'], name: string, statement: string, secret = false): void => {
    steps.push({ what, name, statement, as: 'Administrator', ...(secret ? { secret } : {}) });
  };
  for (const { name } of state.users)
    if (ownOf(passwords, name) !== undefined && !isListed(name, wishes))
      step('DropUser', name, influxql.dropUser(name));
  for (const { name, privilege } of wishes) {
    const password = ownOf(passwords, name);
    if (password === undefined) continue;
    const present = state.users.find((user) => user.name === name);
    if (present === undefined) step('CreateUser', name, influxql.createUser(name, password), true);
    else if (refused.has(name)) step('SetPassword', name, influxql.setPassword(name, password), true);
    if (present?.admin === true) step('RevokeAdmin', name, influxql.revokeAdmin(name));
    const grants = present === undefined ? [] : (ownOf(state.otherGrants, name) ?? []);
    const held = grants.find(({ database }) => database === id)?.privilege;
    if (held !== (privilege === 'ALL' ? 'ALL PRIVILEGES' : privilege))
      step('Grant', name, influxql.grant(privilege, id, name));
  }
  return steps;
}

/** Listed users whose name somebody else gave to a user of theirs: taking it over would change what is not ours. */
export function takenNames({
  wishes,
  state,
  passwords,
}: Pick<UserInput, 'wishes' | 'state' | 'passwords'>): Problem[] {
  return wishes
    .filter(
      ({ name }) => ownOf(passwords, name) === undefined && state.users.some((user) => user.name === name),
    )
    .map(({ name }) => ({
      reason: STALLED_REASON.userExists,
      message: `spec.users: ${name}: the database has a user of this name that the operator did not make; it is left alone. Choose another name, or drop that user.`,
    }));
}

function isListed(name: string, wishes: readonly UserWish[]): boolean {
  return wishes.some((wish) => wish.name === name);
}
