import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { planDatabase, readDatabase } from '../../src/influx/v1/database.ts';
import { InfluxError } from '../../src/influx/influx-error.ts';
import * as influxql from '../../src/influx/v1/influxql.ts';
import type { PlanSize } from '../../src/influx/pod-parts.ts';
import { PROBE_MEASUREMENT, probeWrite } from '../../src/influx/v1/probe-write.ts';
import { rows } from '../../src/influx/v1/results.ts';
import { run } from '../cluster/run-command.ts';
import { pick } from '../size.ts';
import { ADMIN, Pod, transport, VERSIONS } from './influx-process.ts';

const id = 'my_app_3707';
const password = 'Canary-4pp-secret';

/** Reads, plans and acts until nothing is left; the kinds of the steps that were taken. */
async function converge(admin: InfluxClient, passwordKnownGood: boolean): Promise<string[]> {
  const steps = planDatabase(await readDatabase(admin, { id }), { id, password, passwordKnownGood });
  for (const { statement } of steps) await admin.one(statement);
  const state = await readDatabase(admin, { id });
  expect(planDatabase(state, { id, password, passwordKnownGood: true })).toEqual([]);
  return steps.map(({ what }) => what);
}

describe.each(VERSIONS)('InfluxDB %s', (version) => {
  let pod: Pod;
  let admin: InfluxClient;
  let app: InfluxClient;

  beforeAll(async () => {
    pod = await Pod.create(version);
    expect(await pod.bootstrap()).toMatchObject({ code: 0 });
    await pod.engine();
    admin = pod.client(ADMIN);
    app = pod.client({ username: id, password });
  });

  afterAll(() => pod?.[Symbol.asyncDispose]());

  it('tells its version', async () => {
    expect(await admin.ping()).toBe(version);
  });

  it.each<[string, string[], boolean, string[]]>([
    ['nothing', [], false, ['CreateDatabase', 'CreateUser', 'Grant']],
    ['the database', [influxql.createDatabase(id)], false, ['CreateUser', 'Grant']],
    [
      'the user, with another password',
      [influxql.createUser(id, 'old')],
      false,
      ['CreateDatabase', 'SetPassword', 'Grant'],
    ],
    ['database and user', [influxql.createDatabase(id), influxql.createUser(id, password)], true, ['Grant']],
    [
      'a revoked grant',
      [
        influxql.createDatabase(id),
        influxql.createUser(id, password),
        influxql.grantAll(id, id),
        influxql.revokeAll(id, id),
      ],
      true,
      ['Grant'],
    ],
    [
      'a grant without its database',
      [
        influxql.createDatabase(id),
        influxql.createUser(id, password),
        influxql.grantAll(id, id),
        influxql.dropDatabase(id),
      ],
      true,
      ['CreateDatabase', 'Grant'],
    ],
    [
      'a user who is an administrator',
      [influxql.createDatabase(id), influxql.createAdmin(id, password), influxql.grantAll(id, id)],
      true,
      ['RevokeAdmin'],
    ],
    [
      'all',
      [influxql.createDatabase(id), influxql.createUser(id, password), influxql.grantAll(id, id)],
      true,
      [],
    ],
  ])('is made right from %s', async (_, before, passwordKnownGood, steps) => {
    await admin.query(influxql.dropDatabase(id));
    await admin.query(influxql.dropUser(id));
    for (const statement of before) await admin.one(statement);
    expect(await converge(admin, passwordKnownGood)).toEqual(steps);
    await probeWrite(app, id);
    expect(rows(await app.one('SHOW MEASUREMENTS', { db: id }))).toEqual([]);
    expect(rows(await admin.one(influxql.showUsers))).toContainEqual({ user: id, admin: false });
  });

  it('tells in the answer to a probe what is wrong', async () => {
    await converge(admin, false);
    await expect(probeWrite(pod.client({ username: id, password: 'wrong' }), id)).rejects.toMatchObject({
      kind: 'Unauthorized',
    });
    await admin.one(influxql.createDatabase('other'));
    await expect(probeWrite(app, 'other')).rejects.toMatchObject({
      kind: 'Forbidden',
      message: expect.stringContaining('lacks its grant'),
    });
    await admin.one(influxql.dropDatabase('other'));
    await expect(probeWrite(app, 'elsewhere')).rejects.toMatchObject({
      message: expect.stringContaining('the database does not exist'),
    });
    // What the application's user may do.
    await app.one(influxql.dropRetentionPolicy(id, 'autogen'));
    await expect(probeWrite(app, id)).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining('default retention policy of the database was dropped'),
    });
    await admin.one(influxql.createRetentionPolicy(id, { name: 'autogen', duration: 'INF', default: true }));
    await probeWrite(app, id);
  });

  it('clears away what an earlier probe left', async () => {
    await converge(admin, false);
    await app.write(id, `${PROBE_MEASUREMENT} value=1i`);
    await probeWrite(app, id);
    expect(rows(await app.one('SHOW MEASUREMENTS', { db: id }))).toEqual([]);
  });

  it('reads policies and queries of the database, and nothing of others', async () => {
    await converge(admin, false);
    await admin.one(influxql.createDatabase('other'));
    await admin.one(
      influxql.createRetentionPolicy(id, {
        name: 'week',
        duration: '7d',
        shardDuration: '1d',
        default: true,
      }),
    );
    await admin.one(influxql.alterRetentionPolicy(id, { name: 'week', duration: '14d' }));
    for (const db of [id, 'other'])
      await admin.one(
        `CREATE CONTINUOUS QUERY cq ON ${db} BEGIN SELECT mean(v) INTO m FROM cpu GROUP BY time(1h) END`,
      );
    const state = await readDatabase(admin, { id });
    expect(state.retentionPolicies).toEqual([
      { name: 'autogen', durationSeconds: 0, shardDurationSeconds: 604_800, default: false },
      { name: 'week', durationSeconds: 1_209_600, shardDurationSeconds: 86_400, default: true },
    ]);
    expect(state.continuousQueries).toEqual([{ name: 'cq', query: expect.stringContaining(id) }]);
    expect(planDatabase(state, { id, password, passwordKnownGood: true })).toEqual([]);
    await admin.one(influxql.dropContinuousQuery(id, 'cq'));
    await admin.one(influxql.setDefaultRetentionPolicy(id, 'autogen'));
    await admin.one(influxql.dropRetentionPolicy(id, 'week'));
    await admin.one(influxql.dropDatabase('other'));
  });

  it('keeps its figures from people who did not log in, and answers their ping', async () => {
    const anonymous = { ...pod.endpoint, method: 'GET' as const, timeoutMs: 5_000 };
    const status = async (path: string): Promise<number> =>
      (await transport.send({ ...anonymous, path })).status;
    expect(await status('/ping')).toBe(204);
    expect([401, 404]).toContain(await status('/debug/pprof/heap'));
    // 1.6 has no lock on these two (and collects for ten seconds before it answers the second).
    if (version !== '1.6.7') expect(await status('/debug/requests')).toBe(401);
    expect(await status('/query?q=SHOW+DATABASES')).toBe(401);
    expect(await status('/debug/vars')).toBe(version === '1.6.7' ? 200 : 401);
  });

  it('takes any name and any string for what it is, with no effect besides', async () => {
    await converge(admin, false);
    const text = fc
      .string({
        minLength: 1,
        maxLength: 40,
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
          ),
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        ),
      })
      .filter((name) => influxql.isExpressible(name) && name !== id && name !== ADMIN.username);
    const users = async (): Promise<unknown[]> =>
      rows(await admin.one(influxql.showUsers)).map(({ user }) => user);
    const attack = `"; DROP DATABASE ${id}; CREATE USER mallory WITH PASSWORD 'p' WITH ALL PRIVILEGES; --`;
    const names = [...fc.sample(text, NAMES), attack, attack.replace('"', "'"), `\\${attack}`];
    const before = await readDatabase(admin, { id });
    for (const [index, name] of names.entries()) {
      // A user's name, and as a string literal both the value compared and its echo as a column.
      await admin.one(influxql.grantAll(id, name)).then(
        () => expect.unreachable('nobody of that name is there'),
        (error: unknown) => expect(error).toMatchObject({ message: 'user not found' }),
      );
      const literal = `SELECT last(v) FROM ${influxql.identifier(name)} WHERE t = ${influxql.stringLiteral(name)}`;
      await admin.one(literal, { db: id });
      if (index % 10 !== 0) continue;
      const measurement = measurementOf(name);
      await app.write(id, `${measurement.lineProtocol},t=x v=1`);
      const shown = rows(await app.one('SHOW MEASUREMENTS', { db: id }));
      expect(shown).toEqual([{ name: measurement.name }]);
      await app.one(influxql.dropSeriesFrom(measurement.name), { db: id });
      await admin.one(influxql.dropMeasurement(measurement.name), { db: id });
      expect(rows(await app.one('SHOW MEASUREMENTS', { db: id }))).toEqual([]);
    }
    expect(await readDatabase(admin, { id })).toEqual(before);

    for (const name of names.slice(0, pick(10, 40)).concat(names.slice(-3))) {
      await admin.one(influxql.createUser(name, Array.from(name).slice(0, 10).join('')));
      expect(await users()).toContain(name);
      await admin.one(influxql.setPassword(name, 'x'));
      await admin.one(influxql.dropUser(name));
    }
    expect(await readDatabase(admin, { id })).toEqual(before);
  }, 1_200_000);

  it('logs in with the very password that a statement set', async () => {
    for (const secret of [
      "it's",
      'back\\slash',
      'quote"d',
      'line\nbreak',
      'ünïcödé ✓',
      "\\'; DROP USER admin; --",
    ]) {
      await admin.query(influxql.dropUser(id));
      await admin.one(influxql.createUser(id, secret));
      const user = pod.client({ username: id, password: secret });
      await user.one(influxql.showDatabases);
      await expect(
        pod.client({ username: id, password: `${secret}x` }).one('SHOW DATABASES'),
      ).rejects.toMatchObject({
        kind: 'Unauthorized',
      });
    }
    await admin.one(influxql.setPassword(id, password));
  });
});

/** A longer hunt: INFLUX_FUZZ_NAMES=100000. The seed is that of all properties. */
const NAMES = Number(process.env['INFLUX_FUZZ_NAMES'] ?? pick(100, 2_000));

describe.each(VERSIONS)('the parameters for InfluxDB %s', (version) => {
  const sizes = [0.5, 1, 2, 4, 8, 16, 32].map(
    (gib): PlanSize => ({
      memoryBytes: gib * 1024 ** 3,
      cpuLimit: Math.max(0.5, gib / 2),
      limits: { connections: 1_000, concurrentQueries: 20, queryTimeout: '1m', series: 100_000 },
    }),
  );

  it.each(pick([...sizes.slice(0, 1), ...sizes.slice(-1)], sizes))(
    'are taken for a plan of $memoryBytes bytes',
    async (plan) => {
      await using pod = await Pod.create(version);
      const engine = await pod.engine({ plan });
      await makeAdmin(pod);
      const config = async (section: string): Promise<Record<string, unknown>> => {
        const [row] = rows(await pod.client(ADMIN).one(`SHOW DIAGNOSTICS FOR 'config-${section}'`));
        return row ?? {};
      };
      expect(await config('data')).toMatchObject({
        'cache-max-memory-size': plan.memoryBytes / 4,
        'cache-snapshot-memory-size': Math.min(25 * 1024 ** 2, plan.memoryBytes / 32),
        'max-concurrent-compactions': Math.max(1, Math.floor(plan.cpuLimit / 2)),
        'max-series-per-database': 0,
        dir: join(pod.stateDir, 'data'),
      });
      expect(await config('coordinator')).toMatchObject({
        'max-concurrent-queries': 22,
        'query-timeout': '1m0s',
      });
      expect(await config('httpd')).toMatchObject({ 'max-connection-limit': 1_016 });
      await engine.terminate();
    },
  );

  it('make it speak TLS, to those who trust the certificate', async () => {
    await using pod = await Pod.create(version);
    const tlsDir = join(pod.dir, 'tls');
    await mkdir(tlsDir);
    const servername = 'my-app-influx.shop.svc.cluster.local';
    const subject = `-subj /CN=test -addext subjectAltName=DNS:${servername}`;
    const files = `-keyout ${tlsDir}/tls.key -out ${tlsDir}/tls.crt`;
    const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
    await run('openssl', `req -x509 -days 2 ${key} ${subject} ${files}`.split(' '));
    const ca = await readFile(join(tlsDir, 'tls.crt'), 'utf8');
    const engine = pod.startEngine({ tlsDir });
    const secure = new InfluxClient(transport, { ...pod.endpoint, tls: { ca, servername } }, ADMIN);
    while (
      !(await secure.ping().then(
        () => true,
        () => engine.hasEnded,
      ))
    )
      await sleep(20);
    expect(await secure.ping()).toBe(version);
    await new InfluxClient(transport, { ...pod.endpoint, tls: { ca, servername } }).one(
      influxql.createAdmin(ADMIN.username, ADMIN.password),
    );
    await secure.one('SHOW USERS');
    const named = new InfluxClient(transport, { ...pod.endpoint, tls: { ca, servername: 'other.example' } });
    await expect(named.ping()).rejects.toMatchObject({ kind: 'Untrusted' });
    await expect(pod.client().ping()).rejects.toBeInstanceOf(InfluxError);
    await engine.terminate();
  });
});

/** As the first who comes: what the bootstrap step is for, at a fraction of its time. */
async function makeAdmin(pod: Pod): Promise<void> {
  await pod.client().one(influxql.createAdmin(ADMIN.username, ADMIN.password));
}

/** Line protocol, unlike InfluxQL, cannot say every name: the nearest that it can. */
function measurementOf(text: string): { name: string; lineProtocol: string } {
  const name = `m${text.replaceAll(/[\\\n]/g, '')}`;
  return { name, lineProtocol: name.replaceAll(/[, ]/g, (c) => `\\${c}`) };
}
