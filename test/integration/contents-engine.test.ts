import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foundQueries } from '../../src/addon/database/contents/unlisted.ts';
import { FACTS } from '../../src/addon/testing/fixtures.ts';
import { Keeper } from '../../src/addon/testing/keeper.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { planContents } from '../../src/contents/plan.ts';
import { markOf, revisionOf } from '../../src/contents/continuous-queries.ts';
import { wishesOf } from '../../src/contents/wishes.ts';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { type Credentials } from '../../src/influx/credentials.ts';
import { readDatabase } from '../../src/influx/v1/database.ts';
import * as influxql from '../../src/influx/v1/influxql.ts';
import { rows } from '../../src/influx/v1/results.ts';
import { readShards } from '../../src/influx/v1/shards.ts';
import type { InfluxEndpoint, InfluxTransport } from '../../src/influx/transport.ts';
import { VirtualClock } from '../../src/kube/testing/virtual-clock.ts';
import { pick } from '../size.ts';
import { eventually } from './children.ts';
import { selfSigned } from './influx-certificate.ts';
import { ADMIN, Pod, transport, VERSIONS } from './influx-process.ts';

const id = 'my_app_3707';
const login = { username: id, password: 'Canary-4pp-secret' };
const reader = { username: 'reader', password: 'reader-password-0123456789' };
const writer = { username: 'writer', password: 'writer-password-0123456789' };
const HOURLY = 'SELECT mean(v) INTO hourly FROM cpu GROUP BY time(1h), *';

const CASES = VERSIONS.flatMap((version) => [
  { version, tls: false },
  { version, tls: true },
]);

/** The newest with TLS, as most run it, and the oldest, whose InfluxQL is the poorest. */
const SAMPLE: typeof CASES = [
  { version: '1.8.10', tls: true },
  { version: '1.6.7', tls: false },
];

describe.each(pick(SAMPLE, CASES))('InfluxDB $version, TLS $tls', ({ version, tls }) => {
  let pod: Pod | undefined;
  let endpoint: InfluxEndpoint;
  let admin: InfluxClient;
  let app: InfluxClient;
  const as = (credentials: Credentials) => new InfluxClient(transport, endpoint, credentials);

  beforeAll(async () => {
    pod = await Pod.create(version);
    expect(await pod.bootstrap()).toMatchObject({ code: 0 });
    endpoint = pod.endpoint;
    if (tls) {
      const { tlsDir, ca, servername } = await selfSigned(pod.dir);
      pod.startEngine({ tlsDir });
      endpoint = { ...pod.endpoint, tls: { ca, servername } };
    } else await pod.engine();
    admin = as(ADMIN);
    app = as(login);
    await eventually('an engine that answers', async () => {
      await admin.ping();
      return true;
    });
    await admin.one(influxql.createDatabase(id));
    await admin.one(influxql.createUser(id, login.password));
    await admin.one(influxql.grantAll(id, id));
  });
  afterAll(async () => {
    await pod?.[Symbol.asyncDispose]();
  });

  const passwords = { reader: reader.password, writer: writer.password };
  /** Plans and sends what is left to do, as often as it takes; what was sent. */
  async function converge(spec: Partial<InfluxAddonSpec>): Promise<string[]> {
    const wishes = wishesOf({ spec: { plan: '1g', ...spec } });
    const record = {
      retentionPolicies: ['week', 'day'],
      continuousQueries: [{ name: 'hourly', query: HOURLY }],
    };
    const sent: string[] = [];
    const revisions = new Map<string, string>();
    for (let round = 0; round < 3; round += 1) {
      const state = await readDatabase(admin, { id, others: Object.keys(passwords) });
      for (const { name, query } of state.continuousQueries) {
        const wish = wishes.continuousQueries.find((each) => each.name === name);
        if (wish && round > 0)
          revisions.set(name, revisionOf(markOf(wish, wishes.defaultPolicy), query) ?? '');
      }
      const { steps } = planContents({
        id,
        wishes,
        state,
        record,
        passwords,
        refusedLogins: new Set(),
        revisions,
        shards: await readShards(admin, id),
        allowed: new Map(),
        nowMs: Date.now(),
      });
      if (round > 0 && steps.length === 0) return sent;
      for (const { what, name, statement, makesRoom, as: who } of steps) {
        const client = who === 'Administrator' ? admin : app;
        await client.one(statement).catch(async (reason: unknown) => {
          expect(reason).toMatchObject({ message: 'continuous query already exists' });
          await client.one(makesRoom ?? '');
          await client.one(statement);
        });
        sent.push(`${what} ${name}`);
      }
    }
    throw new Error(`the contents do not converge: ${sent.join(', ')}`);
  }

  it('takes every statement, after which nothing is left to do', async () => {
    expect(
      await converge({
        retentionPolicies: [
          { name: 'week', duration: '7d' },
          { name: 'day', duration: '1d', shardDuration: '2h' },
          { name: 'autogen', duration: '30d' },
        ],
        defaultRetentionPolicy: 'week',
        continuousQueries: [{ name: 'hourly', query: HOURLY }],
        users: [
          { name: 'reader', access: 'Read' },
          { name: 'writer', access: 'Write' },
        ],
      }),
    ).toEqual([
      'CreateUser reader',
      'Grant reader',
      'CreateUser writer',
      'Grant writer',
      'CreateRetentionPolicy week',
      'CreateRetentionPolicy day',
      'AlterRetentionPolicy autogen',
      'PutContinuousQuery hourly',
    ]);
    // By value, shorter, longer, with other rights.
    expect(
      await converge({
        retentionPolicies: [
          { name: 'week', duration: '168h', shardDuration: '24h' },
          { name: 'day', duration: '3h', shardDuration: '1h' },
          { name: 'autogen', duration: 'INF' },
        ],
        defaultRetentionPolicy: 'autogen',
        continuousQueries: [{ name: 'hourly', query: HOURLY }],
        users: [
          { name: 'reader', access: 'Read' },
          { name: 'writer', access: 'All' },
        ],
      }),
    ).toEqual([
      'Grant writer',
      'AlterRetentionPolicy autogen',
      'SetDefaultRetentionPolicy autogen',
      'AlterRetentionPolicy day',
      'PutContinuousQuery hourly',
    ]);
    const { retentionPolicies, otherGrants } = await readDatabase(admin, {
      id,
      others: ['reader', 'writer'],
    });
    expect(retentionPolicies.find(({ name }) => name === 'day')).toMatchObject({
      durationSeconds: 10_800,
      shardDurationSeconds: 3_600,
    });
    expect(otherGrants).toEqual({
      reader: [{ database: id, privilege: 'READ' }],
      writer: [{ database: id, privilege: 'ALL PRIVILEGES' }],
    });
  });

  it('tells what a policy holds, at once', async () => {
    const hoursAgo = (hours: number) => `${BigInt(Date.now() - hours * 3_600_000)}000000`;
    await app.write(id, [`m v=1 ${hoursAgo(0)}`, `m v=1 ${hoursAgo(2)}`], { rp: 'day' });
    const shards = (await readShards(admin, id)).filter(({ policy }) => policy === 'day');
    expect(shards.length).toBeGreaterThanOrEqual(2);
    for (const { bytes, startMs, endMs } of shards) {
      expect(bytes).toBeGreaterThan(0);
      expect(endMs - startMs).toBe(3_600_000);
    }
    expect(Math.min(...shards.map(({ startMs }) => startMs))).toBeLessThanOrEqual(Date.now() - 7_200_000);
  });

  it('lets the application do what an application may, and no more', async () => {
    await app.write(id, ['m,t=a v=1', 'm,t=b v=1']);
    await app.one(influxql.dropSeriesFrom('m'), { db: id });
    expect(rows(await app.one('SELECT * FROM m', { db: id }))).toEqual([]);
    for (const statement of [
      influxql.dropMeasurement('m'),
      influxql.createRetentionPolicy(id, { name: 'mine', duration: '1d' }),
      influxql.alterRetentionPolicy(id, { name: 'week', duration: '1d' }),
      influxql.createDatabase('mine'),
      influxql.createUser('mine', 'x'),
      influxql.grantAdmin(id),
      influxql.setPassword(id, 'x'),
      influxql.showUsers,
    ])
      await expect(app.one(statement, { db: id }), statement).rejects.toMatchObject({
        kind: 'Forbidden',
        message: expect.stringContaining('requires admin privilege'),
      });
  });

  it('lets users do what they are listed with, and has the two holes that are told of', async () => {
    const [read, write] = [as(reader), as(writer)];
    await admin.one(influxql.grant('WRITE', id, 'writer'));
    await write.write(id, 'm v=1');
    expect(rows(await read.one('SELECT v FROM m', { db: id }))).toHaveLength(1);
    await expect(read.write(id, 'm v=1')).rejects.toMatchObject({ kind: 'Forbidden' });
    await expect(write.one('SELECT v FROM m', { db: id })).rejects.toMatchObject({ kind: 'Forbidden' });
    await expect(read.one(influxql.dropRetentionPolicy(id, 'week'))).rejects.toMatchObject({
      kind: 'Forbidden',
    });

    await read.one(influxql.createContinuousQuery(id, 'sneaky', HOURLY));
    const told = (await readDatabase(admin, { id })).continuousQueries.map(({ name }) => name);
    expect(told).toContain('sneaky');
    await write.one(influxql.dropRetentionPolicy(id, 'autogen'));
    await expect(app.write(id, 'm v=1')).rejects.toMatchObject({ status: 500 });
    expect(await converge({ continuousQueries: [{ name: 'hourly', query: HOURLY }] })).toEqual(
      expect.arrayContaining(['CreateRetentionPolicy autogen', 'DropUser reader', 'DropUser writer']),
    );
    await app.write(id, 'm v=1');
    await expect(read.one(influxql.showDatabases)).rejects.toMatchObject({ kind: 'Unauthorized' });
    await expect(write.one(influxql.showDatabases)).rejects.toMatchObject({ kind: 'Unauthorized' });
  });

  it('has what users make of the two holes mended within 60 s, and told within five minutes, by the operator’s own clock', async () => {
    const clock = new VirtualClock(Date.now());
    const influx: InfluxTransport = {
      send: (request) => transport.send({ ...request, ...endpoint }),
      close: () => Promise.resolve(),
    };
    const keeper = new Keeper({
      influx,
      clock,
      facts: { ...FACTS, id, ...login, adminPassword: ADMIN.password },
      spec: {
        retentionPolicies: [{ name: 'kept', duration: '7d', shardDuration: '1d' }],
        defaultRetentionPolicy: 'kept',
        users: [
          { name: 'reader', access: 'Read' },
          { name: 'writer', access: 'Write' },
        ],
      },
      wait: (ms) => clock.advance(ms),
    });
    const restMs = await keeper.rest();
    await app.write(id, 'm v=1');
    const before = keeper.status();
    const userNamed = (username: string) =>
      as({ username, password: keeper.facts.contents?.passwords[username] ?? '' });
    await userNamed('reader').one(influxql.createContinuousQuery(id, 'stealthy', HOURLY));
    await userNamed('writer').one(influxql.dropRetentionPolicy(id, 'kept'));
    await admin.one(influxql.revokeAll(id, 'writer'));
    await expect(app.write(id, 'm v=1')).rejects.toMatchObject({ status: 500 });

    const happenedMs = clock.monotonic();
    await clock.advance(restMs);
    await keeper.rest();
    expect(clock.monotonic() - happenedMs).toBeLessThan(60_000);
    await app.write(id, 'm v=1');
    await userNamed('writer').write(id, 'm v=1');
    const status = keeper.status();
    expect(status?.continuousQueries).toContainEqual(
      expect.objectContaining({ name: 'stealthy', listed: false }),
    );
    expect(foundQueries(before, status ?? {})).toMatchObject([
      { reason: 'ContinuousQueryFound', note: expect.stringContaining('stealthy') },
    ]);
  });
});
