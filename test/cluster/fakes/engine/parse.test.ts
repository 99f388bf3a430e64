import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseQuery } from './parse.ts';
import { printStatement } from './print.ts';
import { ParseError } from './token-reader.ts';

const quote = (text: string, mark: string): string =>
  mark + text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(mark, `\\${mark}`) + mark;

describe('parseQuery', () => {
  test.each([
    ['CREATE DATABASE a', { type: 'CreateDatabase', name: 'a' }],
    ['create database "A b"', { type: 'CreateDatabase', name: 'A b' }],
    ["CREATE USER u WITH PASSWORD 'p''", undefined],
    ["CREATE USER u WITH PASSWORD 'p\\'q'", { type: 'CreateUser', name: 'u', password: "p'q", admin: false }],
    [
      "CREATE USER u WITH PASSWORD '' WITH ALL PRIVILEGES",
      { type: 'CreateUser', name: 'u', password: '', admin: true },
    ],
    ['GRANT ALL TO u', { type: 'GrantAdmin', user: 'u' }],
    ['GRANT ALL PRIVILEGES ON d TO u', { type: 'Grant', privilege: 'ALL PRIVILEGES', on: 'd', user: 'u' }],
    ['REVOKE READ ON d FROM u', { type: 'Revoke', privilege: 'READ', on: 'd', user: 'u' }],
    [
      'ALTER RETENTION POLICY p ON d DURATION INF DEFAULT',
      { type: 'AlterRetentionPolicy', name: 'p', on: 'd', options: { duration: 0n }, isDefault: true },
    ],
    ['DROP SERIES FROM "a"."b"', undefined],
    ['SHOW DATABASES SHOW USERS', undefined],
    ['', []],
    [' ; ;', []],
    ['-- all a comment', []],
  ])('%s', (text, expected) => {
    if (expected === undefined) {
      expect(() => parseQuery(text)).toThrow(ParseError);
    } else {
      expect(parseQuery(text)).toEqual(Array.isArray(expected) ? expected : [expected]);
    }
  });

  test('a quoted name or password is one token whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (name, password) => {
        const text = `CREATE USER ${quote(name.replaceAll('\r', ''), '"')} WITH PASSWORD ${quote(password.replaceAll('\r', ''), "'")}`;
        expect(parseQuery(text)).toEqual([
          {
            type: 'CreateUser',
            name: name.replaceAll('\r', ''),
            password: password.replaceAll('\r', ''),
            admin: false,
          },
        ]);
      }),
    );
  });

  test('what is printed is parsed to the same statement', () => {
    const text =
      'CREATE CONTINUOUS QUERY "c q" ON d RESAMPLE EVERY 30m FOR 2h BEGIN SELECT mean(v) AS x, max(*) INTO d.rp.:MEASUREMENT ' +
      "FROM d.rp./a\\/b.*/ WHERE host =~ /x/ AND (v > 2.500 OR t = 'it\\'s') GROUP BY time(1h), * fill(none) END";
    const [statement] = parseQuery(text);
    expect(statement && printStatement(statement)).toBe(text);
  });

  test('a password is never printed', () => {
    const statements = parseQuery("CREATE USER u WITH PASSWORD 'canary'; SET PASSWORD FOR u = 'canary'");
    expect(statements.map(printStatement).join()).not.toContain('canary');
  });

  test.each(['SHOW STATS', 'KILL QUERY 1', 'EXPLAIN SELECT * FROM m', 'SHOW SERIES ON d', 'SHOW TAG KEYS'])(
    '%s is known to the server and reported as unknown to the fake',
    (text) => {
      expect(() => parseQuery(text)).toThrow(expect.objectContaining({ unknown: true }));
    },
  );
});
