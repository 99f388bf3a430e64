import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as influxql from './influxql.ts';
import { type Token, tokenize } from '../testing/tokenizer.ts';

/** Text made of what breaks quoting, more often than chance would. */
const nasty = fc
  .string({
    minLength: 1,
    unit: fc.oneof(
      fc.constantFrom(
        "'",
        '"',
        '\\',
        '\n',
        ';',
        ' ',
        '--',
        '/*',
        '*/',
        '\t',
        '$',
        '`',
        "\\'",
        '\\"',
        'n',
        ',',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((text) => influxql.isExpressible(text));

describe('quoting', () => {
  it('makes one identifier token that reads back as the name', () => {
    fc.assert(
      fc.property(nasty, (name) => {
        expect(tokenize(influxql.identifier(name))).toEqual([{ kind: 'identifier', text: name }]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('makes one string token that reads back as the value', () => {
    fc.assert(
      fc.property(nasty, (value) => {
        expect(tokenize(influxql.stringLiteral(value))).toEqual([{ kind: 'string', text: value }]);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['\0', 'a\0b', 'a\rb', 'a\r\nb', '\ud800', 'x\udc00'])(
    'refuses %j, which InfluxQL cannot say',
    (text) => {
      expect(influxql.isExpressible(text)).toBe(false);
      expect(() => influxql.identifier(text)).toThrow(/InfluxQL/);
      expect(() => influxql.stringLiteral(text)).toThrow(/InfluxQL/);
    },
  );

  it('refuses an empty identifier, and takes an empty string', () => {
    expect(() => influxql.identifier('')).toThrow(/not empty/);
    expect(influxql.stringLiteral('')).toBe("''");
  });
});

/** Every builder, as a function of two texts and with the words it must consist of besides. */
const builders: [string, (a: string, b: string) => string, string][] = [
  ['showGrants', (a) => influxql.showGrants(a), 'SHOW GRANTS FOR a'],
  ['showRetentionPolicies', (a) => influxql.showRetentionPolicies(a), 'SHOW RETENTION POLICIES ON a'],
  [
    'showMeasurementCardinality',
    (a) => influxql.showMeasurementCardinality(a),
    'SHOW MEASUREMENT CARDINALITY ON a',
  ],
  [
    'showSeriesExactCardinality',
    (a) => influxql.showSeriesExactCardinality(a),
    'SHOW SERIES EXACT CARDINALITY ON a',
  ],
  ['showTagKeys', (a, b) => influxql.showTagKeys(a, b), 'SHOW TAG KEYS ON a FROM b'],
  [
    'showTagValuesCardinality',
    (a, b) => influxql.showTagValuesCardinality(a, b, b),
    'SHOW TAG VALUES CARDINALITY ON a FROM b WITH KEY = b',
  ],
  ['createDatabase', (a) => influxql.createDatabase(a), 'CREATE DATABASE a'],
  ['dropDatabase', (a) => influxql.dropDatabase(a), 'DROP DATABASE a'],
  ['createUser', (a, b) => influxql.createUser(a, b), 'CREATE USER a WITH PASSWORD b'],
  ['createAdmin', (a, b) => influxql.createAdmin(a, b), 'CREATE USER a WITH PASSWORD b WITH ALL PRIVILEGES'],
  ['setPassword', (a, b) => influxql.setPassword(a, b), 'SET PASSWORD FOR a = b'],
  ['dropUser', (a) => influxql.dropUser(a), 'DROP USER a'],
  ['grantAll', (a, b) => influxql.grantAll(a, b), 'GRANT ALL ON a TO b'],
  ['revokeAll', (a, b) => influxql.revokeAll(a, b), 'REVOKE ALL ON a FROM b'],
  ['grantAdmin', (a) => influxql.grantAdmin(a), 'GRANT ALL PRIVILEGES TO a'],
  ['revokeAdmin', (a) => influxql.revokeAdmin(a), 'REVOKE ALL PRIVILEGES FROM a'],
  ['dropRetentionPolicy', (a, b) => influxql.dropRetentionPolicy(a, b), 'DROP RETENTION POLICY b ON a'],
  [
    'setDefaultRetentionPolicy',
    (a, b) => influxql.setDefaultRetentionPolicy(a, b),
    'ALTER RETENTION POLICY b ON a DEFAULT',
  ],
  ['dropContinuousQuery', (a, b) => influxql.dropContinuousQuery(a, b), 'DROP CONTINUOUS QUERY b ON a'],
  ['dropMeasurement', (a) => influxql.dropMeasurement(a), 'DROP MEASUREMENT a'],
  ['dropSeriesFrom', (a) => influxql.dropSeriesFrom(a), 'DROP SERIES FROM a'],
  [
    'createRetentionPolicy',
    (a, b) =>
      influxql.createRetentionPolicy(a, { name: b, duration: '7d', shardDuration: '1d12h', default: true }),
    'CREATE RETENTION POLICY b ON a DURATION 7d REPLICATION 1 SHARD DURATION 1d12h DEFAULT',
  ],
  [
    'alterRetentionPolicy',
    (a, b) => influxql.alterRetentionPolicy(a, { name: b, duration: 'INF' }),
    'ALTER RETENTION POLICY b ON a DURATION INF REPLICATION 1',
  ],
];

describe('builders', () => {
  it.each(builders)('%s is one statement of its own words, whatever the names are', (_, build, shape) => {
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        const seen = tokenize(build(a, b)).map((token: Token) =>
          token.kind === 'identifier' || token.kind === 'string' ? { literal: token.text } : token.text,
        );
        const wanted = shape
          .split(' ')
          .map((word) => (word === 'a' ? { literal: a } : word === 'b' ? { literal: b } : word));
        expect(seen).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  it.each(['', '7', 'd', '7 d', '7d; DROP DATABASE x', '7d DEFAULT', '-1d', '1y', '1.5h'])(
    'refuses %j as a duration, which stands unquoted',
    (duration) => {
      expect(() => influxql.createRetentionPolicy('db', { name: 'rp', duration })).toThrow(/duration/);
    },
  );
});
