import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { readDatabase } from '../../src/influx/v1/database.ts';
import { InfluxError } from '../../src/influx/influx-error.ts';
import * as influxql from '../../src/influx/v1/influxql.ts';
import { pick } from '../size.ts';
import { ADMIN, Pod, transport } from './influx-process.ts';

/** Names and strings in all, half of each. */
const TEXTS = pick(10_000, 100_000);
/** Statements in a request; each batch reads a measurement of its own, since the engine reads all of one. */
const BATCH = 500;
const QUERIES = pick(150, 1_500);
const id = 'my_app_3707';
const login = { username: id, password: 'Canary-4pp-secret' };

let pod: Pod | undefined;
let admin: InfluxClient;
let app: InfluxClient;
beforeAll(async () => {
  pod = await Pod.create('1.8.10');
  expect(await pod.bootstrap()).toMatchObject({ code: 0 });
  await pod.engine();
  const patient = { timeoutMs: 120_000 };
  admin = new InfluxClient(transport, pod.endpoint, ADMIN, patient);
  app = new InfluxClient(transport, pod.endpoint, login, patient);
  await admin.one(influxql.createDatabase(id));
  await admin.one(influxql.createUser(id, login.password));
  await admin.one(influxql.grantAll(id, id));
});
afterAll(async () => {
  await pod?.[Symbol.asyncDispose]();
});

const ATTACK = `DROP DATABASE ${id}; CREATE USER mallory WITH PASSWORD 'p' WITH ALL PRIVILEGES; --`;
const nasty = fc.string({
  minLength: 1,
  maxLength: 24,
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
      "\\'",
      '\\"',
      '\ufeff',
      ',',
      '\0',
      '\r',
    ),
    fc.constantFrom(`"; ${ATTACK}`, `'; ${ATTACK}`, `\\"; ${ATTACK}`, `\\'; ${ATTACK}`, `\n; ${ATTACK}`),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

/** All that a statement with an effect could have changed. */
async function everything(): Promise<unknown> {
  const measurements = await admin.one('SHOW MEASUREMENTS', { db: id });
  return { ...(await readDatabase(admin, { id })), measurements };
}

test(`${TEXTS} names and strings make one statement each, in which the engine reads them as they are`, async () => {
  const sample = fc.sample(nasty, TEXTS);
  const texts = sample.map((text) =>
    influxql.isExpressible(text) ? text : text.replaceAll(/[\0\r]/g, '') || 'x',
  );
  for (const text of sample.filter((each) => !influxql.isExpressible(each)).slice(0, 500)) {
    expect(() => influxql.identifier(text)).toThrow(/InfluxQL/);
    expect(() => influxql.stringLiteral(text)).toThrow(/InfluxQL/);
  }
  const pairs = Array.from({ length: TEXTS / 2 }, (_, index) => ({
    time: index + 1,
    name: texts[2 * index] ?? '',
    value: texts[2 * index + 1] ?? '',
  })).map((pair) => ({ ...pair, name: pair.name === 'time' ? 'x' : pair.name }));
  // A point for each value, by which a literal that means exactly the value is found.
  for (let at = 0; at < pairs.length; at += 10_000)
    await app.write(
      id,
      pairs
        .slice(at, at + 10_000)
        .map(({ time, value }) => `${measurementOf(time)} s=${fieldOf(value)} ${time}`),
    );
  const before = await everything();
  for (let at = 0; at < pairs.length; at += BATCH) {
    const batch = pairs.slice(at, at + BATCH);
    const statements = batch.map(
      ({ time, name, value }) =>
        `SELECT "s" AS ${influxql.identifier(name)} FROM ${measurementOf(time)} WHERE time = ${time} AND "s" = ${influxql.stringLiteral(value)}`,
    );
    // As the administrator, who may do all that a statement too many would do. One statement too many, or one too
    // few, and the answers are not the ones of the statements.
    const results = await admin.query(statements, { db: id });
    const seen = results.map(
      ({ series, error }) => error?.message ?? [series[0]?.columns[1], series[0]?.values[0]?.[1]],
    );
    expect(seen).toEqual(batch.map(({ name, value }) => [name, value]));
  }
  expect(await everything()).toEqual(before);
});

test(`${QUERIES} texts of continuous queries make one query or none, and nothing else`, async () => {
  await app.write(id, 'keep v=1');
  const before = await everything();
  const parts = fc.oneof(
    nasty,
    fc.constantFrom(
      'END',
      ' END',
      'END;',
      ' END --',
      '/*',
      'END /*',
      `END; ${ATTACK}`,
      `\nEND\n;${ATTACK}`,
      ' ',
      'BEGIN ',
    ),
    fc.constantFrom(
      'END; DROP SERIES FROM keep',
      '; DELETE FROM keep',
      `END; DROP RETENTION POLICY autogen ON ${id}`,
    ),
    fc.constantFrom("WHERE a = '", 'WHERE a =~ /', "=~ /'/ ; DROP SERIES FROM keep; SELECT /'/"),
  );
  const query = 'SELECT mean(v) INTO b FROM keep ';
  const texts = fc
    .sample(fc.tuple(fc.array(parts, { maxLength: 3 }), fc.array(parts, { maxLength: 3 })), QUERIES)
    .map(([inside, after]) => `${query}${inside.join('')} GROUP BY time(1h)${after.join('')}`);
  let taken = 0;
  for (const text of texts) {
    if (!influxql.isOneStatement(text)) {
      expect(() => influxql.createContinuousQuery(id, 'q', text)).toThrow(/semicolon/);
      continue;
    }
    const results = await app
      .query(influxql.createContinuousQuery(id, 'q', text))
      .catch((reason: unknown) => {
        expect(reason).toBeInstanceOf(InfluxError);
        return [];
      });
    if (results[0]?.error !== undefined || results.length === 0) continue;
    taken += 1;
    expect((await readDatabase(admin, { id })).continuousQueries.map(({ name }) => name)).toEqual(['q']);
    await app.one(influxql.dropContinuousQuery(id, 'q'));
  }
  expect(taken).toBeGreaterThan(10);
  expect(await everything()).toEqual(before);
});

test('a text with further statements is refused by the engine as a whole when it asks for more than the application may', async () => {
  const before = await everything();
  const query = (name: string) =>
    `CREATE CONTINUOUS QUERY ${name} ON ${id} BEGIN SELECT mean(v) INTO b FROM keep GROUP BY time(1h)\nEND`;
  const smuggled = `${query('q')}; DROP DATABASE ${id}; CREATE USER mallory WITH PASSWORD 'p' WITH ALL PRIVILEGES; ${query('r')}`;
  await expect(app.query(smuggled)).rejects.toMatchObject({ kind: 'Forbidden' });
  expect(await everything()).toEqual(before);
});

function measurementOf(time: number): string {
  return `m${Math.floor((time - 1) / BATCH)}`;
}

/** A string of line protocol: it may hold anything, with two escapes. */
function fieldOf(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
