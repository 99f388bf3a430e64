import type { DatabaseState, DatabaseStep, DatabaseStepKind, Grant } from '../state.ts';
import * as influxql from './influxql.ts';

export interface UserWish {
  readonly username: string;
  /** Undefined for one whose password nobody knows: it is kept as it is, and not made. */
  readonly password: string | undefined;
  /** It was seen to log in with this password; otherwise it is set. */
  readonly passwordKnownGood: boolean;
  /** In which it may do everything, */
  readonly database: string;
  /** but only read while this is set. */
  readonly readOnly?: boolean;
}

/** What there is of one user. */
export interface FoundUser {
  readonly user: DatabaseState['users'][number] | undefined;
  /** None when the database is missing: dropping it takes its grants along, whatever SHOW GRANTS said before. */
  readonly grants: readonly Grant[];
}

/** The statements that make one user with all rights on one database, and without any elsewhere, from any state. */
export function planUser({ user, grants }: FoundUser, wish: UserWish): DatabaseStep[] {
  const { username, password, database } = wish;
  const steps: DatabaseStep[] = [];
  const step = (what: DatabaseStepKind, statement: string, secret = false): void => {
    steps.push({ what, statement, secret });
  };
  if (user === undefined && password === undefined) return [];
  if (password !== undefined) {
    if (user === undefined) step('CreateUser', influxql.createUser(username, password), true);
    else if (!wish.passwordKnownGood) step('SetPassword', influxql.setPassword(username, password), true);
  }
  if (user?.admin) step('RevokeAdmin', influxql.revokeAdmin(username));
  const grant = grants.find((each) => each.database === database)?.privilege;
  const [wanted, statement] = wish.readOnly
    ? ['READ', influxql.grant('READ', database, username)]
    : ['ALL PRIVILEGES', influxql.grantAll(database, username)];
  if (user === undefined || grant !== wanted) step('Grant', statement);
  return steps;
}
