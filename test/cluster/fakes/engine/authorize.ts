import { printStatement } from './print.ts';
import type { EngineState, User } from './state.ts';
import type { Privilege, Statement } from './statement.ts';

/**
 * Why this user may not run these statements, or undefined. `user` is undefined when the request named none,
 * or when there is no administrator: then the server does not even look at the credentials.
 */
export function refuseQuery(
  state: EngineState,
  user: User | undefined,
  statements: Statement[],
  database: string,
): string | undefined {
  if (state.users.size === 0) {
    const first = statements[0];
    return first?.type === 'CreateUser' && first.admin
      ? undefined
      : 'create admin user first or disable authentication';
  }
  if (!user) {
    return 'no user provided';
  }
  if (user.admin) {
    return undefined;
  }
  for (const statement of statements) {
    const needs = needed(statement);
    const said = `${user.name} not authorized to execute statement '${printStatement(statement)}', requires`;
    if (needs === 'admin') {
      return `${said} admin privilege`;
    }
    for (const { privilege, on } of needs) {
      if (!may(user, privilege, on || database)) {
        return `${said} ${privilege} on ${on || database}`;
      }
    }
  }
  return undefined;
}

export function may(user: User, privilege: Privilege, database: string): boolean {
  const granted = user.grants.get(database);
  return user.admin || granted === privilege || granted === 'ALL PRIVILEGES';
}

function needed(statement: Statement): 'admin' | { privilege: Privilege; on: string }[] {
  switch (statement.type) {
    case 'ShowDatabases':
      return [];
    case 'ShowContinuousQueries':
      return [{ privilege: 'READ', on: '' }];
    case 'ShowRetentionPolicies':
    case 'ShowMeasurements':
      return [{ privilege: 'READ', on: statement.on ?? '' }];
    case 'ShowMeasurementCardinality':
    case 'ShowTagKeys':
    case 'ShowTagValuesCardinality':
      return [{ privilege: 'READ', on: statement.on ?? '' }];
    case 'ShowSeriesCardinality':
      // The exact form is rewritten to a SELECT over all measurements, after the rights were looked at.
      return statement.exact ? [] : [{ privilege: 'READ', on: statement.on ?? '' }];
    case 'DropRetentionPolicy':
    case 'DropContinuousQuery':
      return [{ privilege: 'WRITE', on: statement.on }];
    case 'DropSeries':
    case 'Delete':
      return [{ privilege: 'WRITE', on: '' }];
    case 'Select':
      return [
        ...statement.from.map((source) => ({ privilege: 'READ' as const, on: source.database ?? '' })),
        ...(statement.into ? [{ privilege: 'WRITE' as const, on: statement.into.database ?? '' }] : []),
      ];
    case 'CreateContinuousQuery':
      // An unqualified target needs no right to write: a reader can make a query that writes.
      return [
        { privilege: 'READ', on: statement.on },
        ...(statement.select.into?.database
          ? [{ privilege: 'WRITE' as const, on: statement.select.into.database }]
          : []),
      ];
    default:
      return 'admin';
  }
}
