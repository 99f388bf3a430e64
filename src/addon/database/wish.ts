import { engineInForce } from '../../influx/engines.ts';
import type { DatabaseState, DatabaseStep } from '../../influx/state.ts';
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
  const { id, username, password, adminPassword, rotation, readOnly = false, users = {} } = access;
  const { statements } = engineInForce(access.version);
  const passwordKnownGood = login !== 'Refused';
  const steps = statements.towards(state, { id, username, password, passwordKnownGood, readOnly });
  // What the users of `spec.users` are to have is seen to when they may write again.
  const others = readOnly ? Object.keys(users).filter((name) => name !== rotation?.username) : [];
  steps.push(...others.flatMap((name) => statements.withoutWrites(state, id, name)));
  if (rotation === undefined) return steps;
  if (rotation.phase === 'Revoking') {
    if (state.users.some(({ name }) => name === rotation.username))
      steps.push(statements.dropUser(rotation.username));
    return steps;
  }
  steps.push(
    ...statements.towardsUser(state, {
      username: rotation.username,
      password: rotation.password,
      passwordKnownGood: otherLogin !== 'Refused',
      database: id,
      readOnly,
    }),
  );
  // Last: it is the administrator that sends what stands before it.
  const wanted = rotation.phase === 'Preparing' ? rotation.adminPassword : adminPassword;
  const present = administrator === 'Other' ? rotation.adminPassword : adminPassword;
  if (wanted !== undefined && wanted !== present) steps.push(statements.setAdminPassword(ADMIN_USER, wanted));
  return steps;
}
