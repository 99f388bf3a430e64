import { parseDuration } from './duration.ts';
import { parseExpression, parseSelectBody, parseSources } from './parse-select.ts';
import { ParseError, TokenReader } from './token-reader.ts';
import type { PolicyOptions, Privilege, Statement } from './statement.ts';

/** One of the server's own refusals (a ParseError), or a statement of InfluxQL that the fake does not know. */
export function parseQuery(text: string): Statement[] {
  const reader = new TokenReader(text);
  const statements: Statement[] = [];
  let separated = true;
  while (!reader.atEnd) {
    if (reader.takeSymbol(';')) {
      separated = true;
    } else if (separated) {
      statements.push(parseStatement(reader));
      separated = false;
    } else {
      throw reader.refuse(';');
    }
  }
  return statements;
}

type Rule = (reader: TokenReader) => Statement;

/** The statements by their leading keywords. The order is the one in which the server lists what it expected. */
const language: [keywords: string, rule: Rule][] = [
  ['SELECT', (reader) => parseSelectBody(reader, false)],
  ['DELETE', (reader) => dropWhere(reader, 'Delete')],
  ['SHOW CONTINUOUS QUERIES', () => ({ type: 'ShowContinuousQueries' })],
  ['SHOW DATABASES', () => ({ type: 'ShowDatabases' })],
  ['SHOW DIAGNOSTICS', unknown],
  ['SHOW FIELD', unknown],
  ['SHOW GRANTS FOR', (reader) => ({ type: 'ShowGrants', user: reader.identifier() })],
  ['SHOW MEASUREMENT', measurementCardinality],
  ['SHOW MEASUREMENTS', (reader) => ({ type: 'ShowMeasurements', ...optionalOn(reader) })],
  ['SHOW QUERIES', unknown],
  ['SHOW RETENTION POLICIES', (reader) => ({ type: 'ShowRetentionPolicies', ...optionalOn(reader) })],
  ['SHOW SERIES', seriesCardinality],
  ['SHOW SHARD', unknown],
  ['SHOW SHARDS', () => ({ type: 'ShowShards' })],
  ['SHOW STATS', unknown],
  ['SHOW SUBSCRIPTIONS', unknown],
  ['SHOW TAG', showTag],
  ['SHOW USERS', () => ({ type: 'ShowUsers' })],
  ['CREATE CONTINUOUS QUERY', createContinuousQuery],
  ['CREATE DATABASE', createDatabase],
  ['CREATE USER', createUser],
  ['CREATE RETENTION POLICY', createRetentionPolicy],
  ['CREATE SUBSCRIPTION', unknown],
  [
    'DROP CONTINUOUS QUERY',
    (reader) => ({ type: 'DropContinuousQuery', name: reader.identifier(), on: on(reader) }),
  ],
  ['DROP DATABASE', (reader) => ({ type: 'DropDatabase', name: reader.identifier() })],
  ['DROP MEASUREMENT', (reader) => ({ type: 'DropMeasurement', name: reader.identifier() })],
  [
    'DROP RETENTION POLICY',
    (reader) => ({ type: 'DropRetentionPolicy', name: reader.identifier(), on: on(reader) }),
  ],
  ['DROP SERIES', (reader) => dropWhere(reader, 'DropSeries')],
  ['DROP SHARD', unknown],
  ['DROP SUBSCRIPTION', unknown],
  ['DROP USER', (reader) => ({ type: 'DropUser', name: reader.identifier() })],
  ['EXPLAIN', unknown],
  ['GRANT', (reader) => grantOrRevoke(reader, 'Grant', 'TO')],
  ['REVOKE', (reader) => grantOrRevoke(reader, 'Revoke', 'FROM')],
  ['ALTER RETENTION POLICY', alterRetentionPolicy],
  ['SET PASSWORD FOR', setPassword],
  ['KILL', unknown],
];

function parseStatement(reader: TokenReader): Statement {
  let candidates = language.map(([keywords, rule]) => ({ words: keywords.split(' '), rule }));
  for (let depth = 0; ; depth++) {
    const found = candidates.find(({ words }) => words.length === depth);
    if (found) {
      return found.rule(reader);
    }
    const expected = [...new Set(candidates.map(({ words }) => words[depth] ?? ''))];
    const word = reader.keyword(...expected);
    candidates = candidates.filter(({ words }) => words[depth] === word);
  }
}

function unknown(reader: TokenReader): never {
  throw new ParseError(`the fake engine does not know this statement (at ${reader.peek().text})`, true);
}

const on = (reader: TokenReader): string => {
  reader.keyword('ON');
  return reader.identifier();
};

const optionalOn = (reader: TokenReader): { on?: string } =>
  reader.takeKeyword('ON') ? { on: reader.identifier() } : {};

function seriesCardinality(reader: TokenReader): Statement {
  const exact = reader.takeKeyword('EXACT');
  if (!reader.takeKeyword('CARDINALITY')) {
    return unknown(reader);
  }
  return { type: 'ShowSeriesCardinality', exact, ...optionalOn(reader) };
}

function measurementCardinality(reader: TokenReader): Statement {
  if (!reader.takeKeyword('CARDINALITY')) {
    return unknown(reader);
  }
  return { type: 'ShowMeasurementCardinality', ...optionalOn(reader) };
}

/** The two that the operator asks. */
function showTag(reader: TokenReader): Statement {
  if (reader.takeKeyword('KEYS')) {
    const database = optionalOn(reader);
    if (!reader.takeKeyword('FROM')) {
      return unknown(reader);
    }
    return { type: 'ShowTagKeys', ...database, from: parseSources(reader) };
  }
  reader.keyword('VALUES');
  if (!reader.takeKeyword('CARDINALITY')) {
    return unknown(reader);
  }
  const database = optionalOn(reader);
  reader.keyword('FROM');
  const from = parseSources(reader);
  reader.keyword('WITH');
  reader.keyword('KEY');
  reader.symbol('=');
  return { type: 'ShowTagValuesCardinality', ...database, from, key: reader.identifier() };
}

function createDatabase(reader: TokenReader): Statement {
  const name = reader.identifier();
  if (!reader.takeKeyword('WITH')) {
    return { type: 'CreateDatabase', name };
  }
  const policy: PolicyOptions & { name?: string } = {};
  if (!['DURATION', 'NAME', 'REPLICATION', 'SHARD'].includes(reader.peek().text)) {
    throw reader.refuse('DURATION', 'NAME', 'REPLICATION', 'SHARD');
  }
  if (reader.takeKeyword('DURATION')) {
    policy.duration = retention(reader);
  }
  if (reader.takeKeyword('REPLICATION')) {
    policy.replication = reader.integer();
  }
  if (reader.takeKeyword('SHARD')) {
    reader.keyword('DURATION');
    policy.shardDuration = retention(reader);
  }
  if (reader.takeKeyword('NAME')) {
    policy.name = reader.identifier();
  }
  return { type: 'CreateDatabase', name, policy };
}

function createUser(reader: TokenReader): Statement {
  const name = reader.identifier();
  reader.keyword('WITH');
  reader.keyword('PASSWORD');
  const password = reader.string();
  const admin = reader.takeKeyword('WITH');
  if (admin) {
    reader.keyword('ALL');
    reader.keyword('PRIVILEGES');
  }
  return { type: 'CreateUser', name, password, admin };
}

function setPassword(reader: TokenReader): Statement {
  const name = reader.identifier();
  reader.symbol('=');
  return { type: 'SetPassword', name, password: reader.string() };
}

function grantOrRevoke(reader: TokenReader, type: 'Grant' | 'Revoke', preposition: 'TO' | 'FROM'): Statement {
  const privilege = parsePrivilege(reader);
  // Only ALL PRIVILEGES can be given or taken without a database: that is the administrator's right.
  if (privilege === 'ALL PRIVILEGES' && reader.takeKeyword(preposition)) {
    return { type: type === 'Grant' ? 'GrantAdmin' : 'RevokeAdmin', user: reader.identifier() };
  }
  reader.keyword('ON', ...(privilege === 'ALL PRIVILEGES' ? [preposition] : []));
  const database = reader.identifier();
  reader.keyword(preposition);
  return { type, privilege, on: database, user: reader.identifier() };
}

function parsePrivilege(reader: TokenReader): Privilege {
  if (reader.takeKeyword('READ')) {
    return 'READ';
  }
  if (reader.takeKeyword('WRITE')) {
    return 'WRITE';
  }
  if (!reader.takeKeyword('ALL')) {
    throw reader.refuse('READ', 'WRITE', 'ALL [PRIVILEGES]');
  }
  reader.takeKeyword('PRIVILEGES');
  return 'ALL PRIVILEGES';
}

function createRetentionPolicy(reader: TokenReader): Statement {
  const name = reader.identifier();
  const database = on(reader);
  reader.keyword('DURATION');
  const options: PolicyOptions = { duration: retention(reader) };
  reader.keyword('REPLICATION');
  options.replication = reader.integer();
  if (reader.takeKeyword('SHARD')) {
    options.shardDuration = shardDuration(reader);
  }
  return {
    type: 'CreateRetentionPolicy',
    name,
    on: database,
    options,
    isDefault: reader.takeKeyword('DEFAULT'),
  };
}

function alterRetentionPolicy(reader: TokenReader): Statement {
  const name = reader.takeKeyword('DEFAULT') ? 'default' : reader.identifier();
  const database = on(reader);
  const options: PolicyOptions = {};
  const found = new Set<string>();
  for (;;) {
    const { text, type } = reader.peek();
    if (type !== 'keyword' || !['DURATION', 'REPLICATION', 'SHARD', 'DEFAULT'].includes(text)) {
      if (found.size === 0) {
        throw reader.refuse('DURATION', 'REPLICATION', 'SHARD', 'DEFAULT');
      }
      return { type: 'AlterRetentionPolicy', name, on: database, options, isDefault: found.has('DEFAULT') };
    }
    if (found.has(text)) {
      throw reader.fail(`found duplicate ${text} option`);
    }
    found.add(text);
    reader.next();
    if (text === 'DURATION') {
      options.duration = retention(reader);
    } else if (text === 'REPLICATION') {
      options.replication = reader.integer();
    } else if (text === 'SHARD') {
      options.shardDuration = shardDuration(reader);
    }
  }
}

function shardDuration(reader: TokenReader): bigint {
  reader.keyword('DURATION');
  if (reader.peek().text === 'INF' && reader.peek().type === 'keyword') {
    throw reader.fail('invalid duration INF for shard duration');
  }
  return retention(reader);
}

/** A duration, or INF which the server keeps as 0. */
function retention(reader: TokenReader): bigint {
  if (reader.takeKeyword('INF')) {
    return 0n;
  }
  const token = reader.peek();
  const value = token.type === 'duration' ? parseDuration(token.text) : undefined;
  if (token.type === 'duration' && value === undefined) {
    throw reader.fail('invalid duration');
  }
  if (value === undefined) {
    throw reader.refuse('duration');
  }
  reader.next();
  return value;
}

function createContinuousQuery(reader: TokenReader): Statement {
  const name = reader.identifier();
  const database = on(reader);
  const resample: { every?: bigint; window?: bigint } = {};
  if (reader.takeKeyword('RESAMPLE')) {
    if (reader.takeKeyword('EVERY')) {
      resample.every = retention(reader);
    }
    if (reader.takeKeyword('FOR')) {
      resample.window = retention(reader);
    }
    if (!resample.every && !resample.window) {
      throw reader.refuse('EVERY', 'FOR');
    }
  }
  reader.keyword('BEGIN');
  reader.keyword('SELECT');
  const select = parseSelectBody(reader, true);
  const aggregated = select.fields.some(({ expression }) => expression.type === 'call');
  if (aggregated && !select.groupBy.some((term) => term.type === 'call' && term.name === 'time')) {
    throw reader.refusePrevious('GROUP BY time(...)');
  }
  reader.keyword('END');
  return { type: 'CreateContinuousQuery', name, on: database, ...resample, select };
}

function dropWhere(reader: TokenReader, type: 'DropSeries' | 'Delete'): Statement {
  const from = reader.takeKeyword('FROM') ? parseSources(reader) : [];
  if (from.some(({ policy }) => policy)) {
    throw new ParseError('retention policy not supported at line 1, char 1');
  }
  if (from.some(({ database }) => database)) {
    throw new ParseError('database not supported at line 1, char 1');
  }
  if (reader.takeKeyword('WHERE')) {
    return { type, from, where: parseExpression(reader) };
  }
  if (from.length === 0) {
    throw reader.refuse('FROM', 'WHERE');
  }
  return { type, from };
}
