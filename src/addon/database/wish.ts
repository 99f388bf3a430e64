import { ownOf } from '../../contents/own.ts';
import { planDatabase } from '../../influx/v1/database.ts';
import { type DatabaseState, type DatabaseStep } from '../../influx/v1/found.ts';
import * as influxql from '../../influx/v1/influxql.ts';
import { planUser } from '../../influx/v1/user.ts';
import type { DatabaseAccess } from '../decision/action.ts';
import { ADMIN_USER } from '../identity/admin-keys.ts';
import type { Login } from '../world/memory.ts';

/** What a database said of itself, as far as it decides what has to be changed. */
export interface Answered {
  readonly state: DatabaseState;
  readonly login: Login;
  /** Of the application's other user, while the credentials are being changed. */
  readonly otherLogin?: Login;
  /** Which of the administrator's passwords it took; the one in force unless `Other`. */
  readonly administrator?: 'Other';
}

/** The statements after which the database is as it should be, in their order; none when it is. */
export function stepsTowards(answer: Answered, access: DatabaseAccess): DatabaseStep[] {
  const { state, login, otherLogin, administrator } = answer;
  const { id, username, password, adminPassword, rotation, readOnly = false } = access;
  const passwordKnownGood = login !== 'Refused';
  const steps = planDatabase(state, { id, username, password, passwordKnownGood, readOnly });
  if (readOnly) steps.push(...withoutWrites(answer, access));
  if (rotation === undefined) return steps;
  const other = state.users.find(({ name }) => name === rotation.username);
  if (rotation.phase === 'Revoking') {
    const statement = influxql.dropUser(rotation.username);
    if (other !== undefined) steps.push({ what: 'DropUser', statement, secret: false });
    return steps;
  }
  const grants = state.databases.includes(id) ? (state.otherGrants?.[rotation.username] ?? []) : [];
  const wish = { ...rotation, password: rotation.password, passwordKnownGood: otherLogin !== 'Refused' };
  steps.push(...planUser({ user: other, grants }, { ...wish, database: id, readOnly }));
  // Last: it is the administrator that sends what stands before it.
  const wanted = rotation.phase === 'Preparing' ? rotation.adminPassword : adminPassword;
  const present = administrator === 'Other' ? rotation.adminPassword : adminPassword;
  if (wanted !== undefined && wanted !== present) {
    const statement = influxql.setPassword(ADMIN_USER, wanted);
    steps.push({ what: 'SetAdminPassword', statement, secret: true });
  }
  return steps;
}

/** Takes the right to write from the users of `spec.users`; what they are to have is seen to when it may be again. */
function withoutWrites({ state }: Answered, { id, users = {}, rotation }: DatabaseAccess): DatabaseStep[] {
  return Object.keys(users).flatMap((name): DatabaseStep[] => {
    const grants = name === rotation?.username ? [] : (ownOf(state.otherGrants ?? {}, name) ?? []);
    switch (grants.find(({ database }) => database === id)?.privilege) {
      case 'ALL PRIVILEGES':
        return [{ what: 'Grant', statement: influxql.grant('READ', id, name), secret: false }];
      case 'WRITE':
        return [{ what: 'Revoke', statement: influxql.revokeAll(id, name), secret: false }];
      default:
        return [];
    }
  });
}
