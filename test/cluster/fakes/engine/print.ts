import { formatDuration } from './duration.ts';
import type { Expression, Measurement, PolicyOptions, Select, Statement } from './statement.ts';
import { isKeyword } from './tokens.ts';

/**
 * A statement in the server's own spelling: how it appears in refusals, and how a continuous query is kept.
 * Passwords are never printed.
 */
export function printStatement(statement: Statement): string {
  switch (statement.type) {
    case 'CreateDatabase':
      return `CREATE DATABASE ${identifier(statement.name)}${statement.policy ? ` WITH${options(statement.policy)}${statement.policy.name ? ` NAME ${identifier(statement.policy.name)}` : ''}` : ''}`;
    case 'DropDatabase':
      return `DROP DATABASE ${identifier(statement.name)}`;
    case 'CreateUser':
      return `CREATE USER ${identifier(statement.name)} WITH PASSWORD [REDACTED]${statement.admin ? ' WITH ALL PRIVILEGES' : ''}`;
    case 'SetPassword':
      return `SET PASSWORD FOR ${identifier(statement.name)} = [REDACTED]`;
    case 'DropUser':
      return `DROP USER ${identifier(statement.name)}`;
    case 'Grant':
      return `GRANT ${statement.privilege} ON ${identifier(statement.on)} TO ${identifier(statement.user)}`;
    case 'Revoke':
      return `REVOKE ${statement.privilege} ON ${identifier(statement.on)} FROM ${identifier(statement.user)}`;
    case 'GrantAdmin':
      return `GRANT ALL PRIVILEGES TO ${identifier(statement.user)}`;
    case 'RevokeAdmin':
      return `REVOKE ALL PRIVILEGES FROM ${identifier(statement.user)}`;
    case 'ShowDatabases':
      return 'SHOW DATABASES';
    case 'ShowUsers':
      return 'SHOW USERS';
    case 'ShowContinuousQueries':
      return 'SHOW CONTINUOUS QUERIES';
    case 'ShowShards':
      return 'SHOW SHARDS';
    case 'ShowGrants':
      return `SHOW GRANTS FOR ${identifier(statement.user)}`;
    case 'ShowRetentionPolicies':
      return `SHOW RETENTION POLICIES${on(statement.on)}`;
    case 'ShowMeasurements':
      return `SHOW MEASUREMENTS${on(statement.on)}`;
    case 'ShowSeriesCardinality':
      return `SHOW SERIES${statement.exact ? ' EXACT' : ''} CARDINALITY${on(statement.on)}`;
    case 'ShowMeasurementCardinality':
      return `SHOW MEASUREMENT CARDINALITY${on(statement.on)}`;
    case 'ShowTagKeys':
      return `SHOW TAG KEYS${on(statement.on)} FROM ${statement.from.map(printMeasurement).join(', ')}`;
    case 'ShowTagValuesCardinality':
      return `SHOW TAG VALUES CARDINALITY${on(statement.on)} FROM ${statement.from.map(printMeasurement).join(', ')} WITH KEY = ${identifier(statement.key)}`;
    case 'CreateRetentionPolicy':
    case 'AlterRetentionPolicy':
      return `${statement.type === 'CreateRetentionPolicy' ? 'CREATE' : 'ALTER'} RETENTION POLICY ${identifier(statement.name)}${on(statement.on)}${options(statement.options)}${statement.isDefault ? ' DEFAULT' : ''}`;
    case 'DropRetentionPolicy':
      return `DROP RETENTION POLICY ${identifier(statement.name)}${on(statement.on)}`;
    case 'DropContinuousQuery':
      return `DROP CONTINUOUS QUERY ${identifier(statement.name)}${on(statement.on)}`;
    case 'CreateContinuousQuery': {
      const every = statement.every ? `EVERY ${formatDuration(statement.every)} ` : '';
      const window = statement.window ? `FOR ${formatDuration(statement.window)} ` : '';
      const resample = every || window ? `RESAMPLE ${every}${window}` : '';
      return `CREATE CONTINUOUS QUERY ${identifier(statement.name)}${on(statement.on)} ${resample}BEGIN ${printSelect(statement.select)} END`;
    }
    case 'DropMeasurement':
      return `DROP MEASUREMENT ${identifier(statement.name)}`;
    case 'DropSeries':
    case 'Delete': {
      const from = statement.from.length ? ` FROM ${statement.from.map(printMeasurement).join(', ')}` : '';
      const where = statement.where ? ` WHERE ${printExpression(statement.where)}` : '';
      return `${statement.type === 'Delete' ? 'DELETE' : 'DROP SERIES'}${from}${where}`;
    }
    case 'Select':
      return printSelect(statement);
  }
}

function printSelect(select: Select): string {
  const fields = select.fields
    .map(({ expression, alias }) => printExpression(expression) + (alias ? ` AS ${identifier(alias)}` : ''))
    .join(', ');
  return [
    `SELECT ${fields}`,
    select.into && `INTO ${printMeasurement(select.into)}${select.into.name === '' ? ':MEASUREMENT' : ''}`,
    `FROM ${select.from.map(printMeasurement).join(', ')}`,
    select.where && `WHERE ${printExpression(select.where)}`,
    select.groupBy.length > 0 && `GROUP BY ${select.groupBy.map(printExpression).join(', ')}`,
    select.fill && `fill(${select.fill})`,
    select.orderByTime && `ORDER BY time ${select.descending ? 'DESC' : 'ASC'}`,
    select.limit && `LIMIT ${select.limit}`,
    select.offset && `OFFSET ${select.offset}`,
  ]
    .filter(Boolean)
    .join(' ');
}

export function printExpression(expression: Expression): string {
  switch (expression.type) {
    case 'star':
      return '*';
    case 'reference':
      return identifier(expression.name);
    case 'string':
      return `'${escape(expression.text, "'")}'`;
    case 'pattern':
      return `/${expression.text.replaceAll('/', '\\/')}/`;
    case 'number':
    case 'duration':
      return expression.text;
    case 'boolean':
      return String(expression.value);
    case 'call':
      return `${expression.name}(${expression.args.map(printExpression).join(', ')})`;
    case 'binary':
      return `${printExpression(expression.left)} ${expression.operator} ${printExpression(expression.right)}`;
    case 'group':
      return `(${printExpression(expression.inner)})`;
  }
}

function printMeasurement({ database, policy, name, pattern }: Measurement): string {
  const prefix =
    database || policy
      ? `${database ? `${identifier(database)}.` : ''}${policy ? identifier(policy) : ''}.`
      : '';
  return (
    prefix + (pattern === undefined ? (name ? identifier(name) : '') : `/${pattern.replaceAll('/', '\\/')}/`)
  );
}

function options({ duration, replication, shardDuration }: PolicyOptions): string {
  return [
    duration !== undefined && ` DURATION ${formatDuration(duration)}`,
    replication !== undefined && ` REPLICATION ${replication}`,
    shardDuration && ` SHARD DURATION ${formatDuration(shardDuration)}`,
  ]
    .filter(Boolean)
    .join('');
}

const on = (database: string | undefined): string => (database ? ` ON ${identifier(database)}` : '');

function identifier(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !isKeyword(name) ? name : `"${escape(name, '"')}"`;
}

function escape(text: string, quote: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(quote, `\\${quote}`);
}
