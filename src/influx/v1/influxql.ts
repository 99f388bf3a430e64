import assert from 'node:assert/strict';

/**
 * InfluxQL as text. Every name and every string goes through `identifier` or `stringLiteral`, so that whatever a
 * user calls things, one builder makes one statement.
 *
 * The engine's scanner knows four escapes (`\n`, `\\`, `\'`, `\"`), reads NUL as the end of the input and
 * turns a carriage return into a line feed; a string that needs either cannot be said in InfluxQL.
 */
export function identifier(name: string): string {
  assert(name !== '', 'an InfluxQL identifier is not empty');
  return `"${escape(name, '"')}"`;
}

export function stringLiteral(value: string): string {
  return `'${escape(value, "'")}'`;
}

function escape(text: string, quote: '"' | "'"): string {
  assert(!/[\0\r]/.test(text), 'InfluxQL has no way to write NUL or a carriage return');
  assert(text.isWellFormed(), 'InfluxQL text is well-formed Unicode');
  return text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n');
}

/** The server can take this text as a name or string. The pure rules ask before the builders assert. */
export function isExpressible(text: string): boolean {
  return !/[\0\r]/.test(text) && text.isWellFormed();
}

export const showDatabases = 'SHOW DATABASES';
export const showUsers = 'SHOW USERS';
/** Of all databases, whoever asks (1.6 to 1.8). */
export const showContinuousQueries = 'SHOW CONTINUOUS QUERIES';
/** Of all databases: what each holds of the past, as ranges of time. */
export const showShards = 'SHOW SHARDS';

export function showGrants(user: string): string {
  return `SHOW GRANTS FOR ${identifier(user)}`;
}

export function showRetentionPolicies(db: string): string {
  return `SHOW RETENTION POLICIES ON ${identifier(db)}`;
}

/** An estimate within a percent, at no cost. */
export function showMeasurementCardinality(db: string): string {
  return `SHOW MEASUREMENT CARDINALITY ON ${identifier(db)}`;
}

/** By measurement. The engine goes over all series for it. */
export function showSeriesExactCardinality(db: string): string {
  return `SHOW SERIES EXACT CARDINALITY ON ${identifier(db)}`;
}

export function showTagKeys(db: string, measurement: string): string {
  return `SHOW TAG KEYS ON ${identifier(db)} FROM ${identifier(measurement)}`;
}

/** The engine goes over all series of the measurement for it, with EXACT or without. */
export function showTagValuesCardinality(db: string, measurement: string, key: string): string {
  return `SHOW TAG VALUES CARDINALITY ON ${identifier(db)} FROM ${identifier(measurement)} WITH KEY = ${identifier(key)}`;
}

export function createDatabase(db: string): string {
  return `CREATE DATABASE ${identifier(db)}`;
}

export function dropDatabase(db: string): string {
  return `DROP DATABASE ${identifier(db)}`;
}

/** Contains the password. */
export function createUser(user: string, password: string): string {
  return `CREATE USER ${identifier(user)} WITH PASSWORD ${stringLiteral(password)}`;
}

/** Contains the password. */
export function createAdmin(user: string, password: string): string {
  return `${createUser(user, password)} WITH ALL PRIVILEGES`;
}

/** Contains the password. */
export function setPassword(user: string, password: string): string {
  return `SET PASSWORD FOR ${identifier(user)} = ${stringLiteral(password)}`;
}

export function dropUser(user: string): string {
  return `DROP USER ${identifier(user)}`;
}

export type Privilege = 'READ' | 'WRITE' | 'ALL';

/** Replaces what the user had on this database. */
export function grant(privilege: Privilege, db: string, user: string): string {
  return `GRANT ${privilege} ON ${identifier(db)} TO ${identifier(user)}`;
}

export function grantAll(db: string, user: string): string {
  return grant('ALL', db, user);
}

export function revokeAll(db: string, user: string): string {
  return `REVOKE ALL ON ${identifier(db)} FROM ${identifier(user)}`;
}

export function grantAdmin(user: string): string {
  return `GRANT ALL PRIVILEGES TO ${identifier(user)}`;
}

export function revokeAdmin(user: string): string {
  return `REVOKE ALL PRIVILEGES FROM ${identifier(user)}`;
}

/** Durations as InfluxDB writes them (`7d`, `INF`); replication is 1, a single node has nothing else. */
export interface RetentionPolicyText {
  name: string;
  duration: string;
  shardDuration?: string;
  default?: boolean;
}

export function createRetentionPolicy(db: string, policy: RetentionPolicyText): string {
  return `CREATE ${retentionPolicy(db, policy)}`;
}

export function alterRetentionPolicy(db: string, policy: RetentionPolicyText): string {
  return `ALTER ${retentionPolicy(db, policy)}`;
}

export function dropRetentionPolicy(db: string, name: string): string {
  return `DROP RETENTION POLICY ${identifier(name)} ON ${identifier(db)}`;
}

/** Makes an existing policy the one that writes without a policy go to. */
export function setDefaultRetentionPolicy(db: string, name: string): string {
  return `ALTER RETENTION POLICY ${identifier(name)} ON ${identifier(db)} DEFAULT`;
}

/**
 * A continuous query whose text stands as its author wrote it. A text without a semicolon is one statement at most,
 * whatever else it says; one with a semicolon is refused here. The engine judges the rest, so it is to be sent as a
 * user who may do no more than its author.
 */
export function createContinuousQuery(db: string, name: string, text: string): string {
  assert(isOneStatement(text), 'the text of a continuous query has no semicolon');
  // END on a line of its own: a comment at the end of the text does not swallow it.
  return `CREATE CONTINUOUS QUERY ${identifier(name)} ON ${identifier(db)} BEGIN ${text}\nEND`;
}

/** Statements are separated by semicolons and by nothing else. */
export function isOneStatement(text: string): boolean {
  return !text.includes(';');
}

export function dropContinuousQuery(db: string, name: string): string {
  return `DROP CONTINUOUS QUERY ${identifier(name)} ON ${identifier(db)}`;
}

/** Needs an administrator; the application's user has `dropSeriesFrom`. */
export function dropMeasurement(measurement: string): string {
  return `DROP MEASUREMENT ${identifier(measurement)}`;
}

export function dropSeriesFrom(measurement: string): string {
  return `DROP SERIES FROM ${identifier(measurement)}`;
}

function retentionPolicy(db: string, policy: RetentionPolicyText): string {
  const parts = [
    `RETENTION POLICY ${identifier(policy.name)} ON ${identifier(db)}`,
    `DURATION ${duration(policy.duration)} REPLICATION 1`,
  ];
  if (policy.shardDuration !== undefined) parts.push(`SHARD DURATION ${duration(policy.shardDuration)}`);
  if (policy.default) parts.push('DEFAULT');
  return parts.join(' ');
}

/** Durations are not quoted in InfluxQL, so nothing else may pass for one. */
function duration(text: string): string {
  assert(
    /^(?:INF|(?:\d+(?:ns|ms|[usmhdw]))+)$/.test(text),
    'an InfluxQL duration is digits and units, or INF',
  );
  return text;
}
