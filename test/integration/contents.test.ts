import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Event, PersistentVolumeClaim, Pod, Secret } from '../../src/kube/objects/kinds.ts';
import type { EngineState } from '../cluster/fakes/fake-engine.ts';
import { eventually } from './children.ts';
import { queryAsAdmin, queryAsUser, queryThroughUrl, secretData } from './database.ts';
import { type Blow, Fuse } from './fuse.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

const NAME = 'db';
const HOURLY = 'SELECT mean(v) INTO hourly FROM cpu GROUP BY time(1h), *';

/** A minute, as database-steps.ts has it. */
const PROMISED_MS = 60_000;
/** Of the bed's time: users and continuous queries of others are looked for less often than what is listed. */
const TOLD_MS = 300_000;

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

/** A database that is ready, what is listed of its contents included, with an operator that sees no other. */
async function ready(namespace: string, spec: Partial<InfluxAddonSpec> = {}): Promise<string> {
  await bed.namespace(namespace);
  await bed.startOperator({ only: namespace });
  await bed.addon(namespace, NAME, spec);
  await bed.ready(namespace, NAME);
  return namespace;
}

async function edit(namespace: string, spec: object, annotations: object = {}): Promise<void> {
  const body = { spec, metadata: { annotations } };
  await bed.client.patch(InfluxAddon, { namespace, name: NAME }, body, { type: 'merge' });
}

/** Waits until it is ready as its newest spec asks. */
async function settled(namespace: string): Promise<void> {
  await bed.until(namespace, NAME, 'ready', isReady);
}

async function stalled(namespace: string, reason: string, words = ''): Promise<string> {
  const addon = await bed.until(
    namespace,
    NAME,
    `stalled: ${reason}`,
    (each) =>
      condition(each, 'Stalled')?.reason === reason &&
      condition(each, 'Stalled')?.message.includes(words) === true &&
      each.status?.observedGeneration === each.metadata.generation,
  );
  expect(condition(addon, 'Available')?.status).toBe('True');
  expect(condition(addon, 'Ready')).toMatchObject({ status: 'False', reason: 'Blocked' });
  return condition(addon, 'Stalled')?.message ?? '';
}

async function engineOf(namespace: string): Promise<EngineState> {
  const claim = await bed.client.get(PersistentVolumeClaim, { namespace, name: `${NAME}-influx-data` });
  return bed.kubelet.engine.state(claim?.metadata.uid ?? '');
}

/** What the database was asked, by whom. */
async function sentTo(namespace: string) {
  const claim = await bed.client.get(PersistentVolumeClaim, { namespace, name: `${NAME}-influx-data` });
  return bed.kubelet.engine.requests().filter(({ storageKey }) => storageKey === claim?.metadata.uid);
}

async function databaseOf(namespace: string) {
  const { id } = (await bed.get(namespace, NAME)).status ?? {};
  const database = (await engineOf(namespace)).databases.get(id ?? '');
  if (database === undefined) throw new Error('there is no database');
  return database;
}

async function podUid(namespace: string): Promise<string | undefined> {
  return (await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` }))?.metadata.uid;
}

async function asAdmin(namespace: string, statement: string): Promise<void> {
  const { status, body } = await queryAsAdmin(bed, namespace, NAME, statement);
  expect({ status, error: body.includes('error') ? body : undefined }).toEqual({
    status: 200,
    error: undefined,
  });
}

async function eventsOf(namespace: string): Promise<string[]> {
  const { items } = await bed.client.list(Event, { namespace });
  return items.map(({ reason, note }) => `${reason}: ${note}`);
}

describe.concurrent('retention policies', () => {
  test('are made, changed and dropped as they are listed, and nothing is restarted', async () => {
    const namespace = await ready('policies', {
      retentionPolicies: [{ name: 'week', duration: '7d', shardDuration: '1d' }],
      defaultRetentionPolicy: 'week',
    });
    const pod = await podUid(namespace);
    const day = 86_400_000_000_000n;
    expect(await databaseOf(namespace)).toMatchObject({
      defaultPolicy: 'week',
      policies: [{ name: 'autogen' }, { name: 'week', duration: 7n * day, shardDuration: day }],
    });
    // The same by value: nothing is sent.
    const before = (await sentTo(namespace)).length;
    await edit(namespace, { retentionPolicies: [{ name: 'week', duration: '168h', shardDuration: '24h' }] });
    await settled(namespace);
    const sent = (await sentTo(namespace)).slice(before).flatMap(({ statements }) => statements);
    expect(sent.filter((statement) => statement.startsWith('ALTER'))).toEqual([]);

    await edit(namespace, {
      retentionPolicies: [{ name: 'autogen', duration: '30d' }],
      defaultRetentionPolicy: null,
    });
    await settled(namespace);
    expect(await databaseOf(namespace)).toMatchObject({
      defaultPolicy: 'autogen',
      policies: [{ name: 'autogen', duration: 30n * day, shardDuration: day }],
    });
    await edit(namespace, { retentionPolicies: [] });
    await settled(namespace);
    expect(await databaseOf(namespace)).toMatchObject({
      policies: [{ name: 'autogen', duration: 0n, shardDuration: 7n * day }],
    });
    expect(await podUid(namespace)).toBe(pod);
  });

  test('a change that deletes points waits for the annotation, and each change for one of its own', async () => {
    const namespace = await ready('loss', { retentionPolicies: [{ name: 'year', duration: '365d' }] });
    const { id } = (await bed.get(namespace, NAME)).status ?? {};
    const at = (daysAgo: number) => `${BigInt(Date.now() - daysAgo * 86_400_000)}000000`;
    for (const daysAgo of [0, 50, 100]) await write(namespace, `m v=1 ${at(daysAgo)}`, 'year');

    await edit(namespace, { retentionPolicies: [{ name: 'year', duration: '30d' }] });
    const message = await stalled(namespace, 'DataLossNotAllowed');
    expect(message).toMatch(
      /shortening year from 365d to 30d deletes data: up to 0\.1 MiB in 2 shards, the oldest of 20/,
    );
    expect(message).toContain('influxaddon.dev/allow-data-loss: year=30d');
    expect((await databaseOf(namespace)).policies[1]?.duration).toBe(365n * 86_400_000_000_000n);

    // For another policy or change, or for none, it allows nothing.
    await edit(namespace, {}, { 'influxaddon.dev/allow-data-loss': 'autogen=30d, year, year=removed' });
    await stalled(namespace, 'DataLossNotAllowed');
    await edit(namespace, {}, { 'influxaddon.dev/allow-data-loss': 'year=720h' });
    await settled(namespace);
    expect((await databaseOf(namespace)).policies[1]?.duration).toBe(30n * 86_400_000_000_000n);

    await write(namespace, `m v=1 ${at(20)}`, 'year');
    await edit(namespace, { retentionPolicies: [] });
    expect(await stalled(namespace, 'DataLossNotAllowed')).toMatch(
      /removing year .* Set the annotation influxaddon\.dev\/allow-data-loss: year=removed to go on/s,
    );
    expect((await databaseOf(namespace)).policies).toHaveLength(2);
    await edit(namespace, {}, { 'influxaddon.dev/allow-data-loss': 'year=removed' });
    await settled(namespace);
    expect((await databaseOf(namespace)).policies.map(({ name }) => name)).toEqual(['autogen']);
    expect(id).toBe((await bed.get(namespace, NAME)).status?.id);
  });

  async function write(namespace: string, line: string, policy: string): Promise<void> {
    const { INFLUX_URL = '' } = await secretData(bed, namespace, `${NAME}-influx`);
    const { username, password, pathname } = new URL(INFLUX_URL);
    const pod = await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` });
    const url = `http://${pod?.status?.podIP}:8086/write?db=${pathname.slice(1)}&rp=${policy}`;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    expect((await fetch(url, { method: 'POST', headers: { authorization }, body: line })).status).toBe(204);
  }
});

describe.concurrent('continuous queries', () => {
  test('are the application’s, follow the list, and one that is refused keeps no other from being made', async () => {
    const namespace = await ready('queries', { continuousQueries: [{ name: 'hourly', query: HOURLY }] });
    expect((await databaseOf(namespace)).continuousQueries).toMatchObject([
      { name: 'hourly', query: expect.stringContaining('mean(v) INTO') },
    ]);
    const sent = (await sentTo(namespace)).filter(({ statements }) =>
      statements.some((each) => each.startsWith('CREATE CONTINUOUS QUERY hourly')),
    );
    expect(sent.map(({ user }) => user)).toContain((await bed.get(namespace, NAME)).status?.id);
    expect(sent.map(({ user }) => user)).not.toContain('admin');

    await edit(namespace, {
      continuousQueries: [
        { name: 'hourly', query: 'SELECT mean(v) INTO elsewhere.autogen.b FROM cpu GROUP BY time(1h)' },
        { name: 'daily', query: HOURLY.replace('1h', '1d') },
      ],
    });
    const message = await stalled(namespace, 'ContinuousQueryRefused');
    expect(message).toMatch(/^spec\.continuousQueries: hourly: the database refuses it: .*not authorized/);
    const after = (await databaseOf(namespace)).continuousQueries;
    expect(after.map(({ name }) => name).toSorted()).toEqual(['daily', 'hourly']);
    expect(after.find(({ name }) => name === 'hourly')?.query).toContain('INTO');

    await edit(namespace, { continuousQueries: [{ name: 'hourly', query: HOURLY.replace('mean', 'max') }] });
    await settled(namespace);
    const last = (await databaseOf(namespace)).continuousQueries;
    expect(last).toMatchObject([{ name: 'hourly', query: expect.stringContaining('max(v)') }]);

    // The engine takes texts for the same that differ in case.
    const other = HOURLY.replace('mean', 'max').replace('cpu', 'CPU');
    await edit(namespace, { continuousQueries: [{ name: 'hourly', query: other }] });
    await settled(namespace);
    const [query] = (await databaseOf(namespace)).continuousQueries;
    expect(query?.query).toContain('autogen.CPU');
  });

  test('follow the default retention policy, as they would when made now', async () => {
    const namespace = await ready('queries-default', {
      continuousQueries: [{ name: 'hourly', query: HOURLY }],
    });
    await edit(namespace, {
      retentionPolicies: [{ name: 'week', duration: '7d' }],
      defaultRetentionPolicy: 'week',
    });
    await settled(namespace);
    const [query] = (await databaseOf(namespace)).continuousQueries;
    expect(query?.query).toContain('.week.cpu');
  });

  test('of a listed name whose text was refused stay the application’s when the name leaves the list', async () => {
    const namespace = await ready('queries-refused');
    const { id = '' } = (await bed.get(namespace, NAME)).status ?? {};
    const own = `CREATE CONTINUOUS QUERY own ON ${id} BEGIN SELECT max(v) INTO b FROM a GROUP BY time(1h) END`;
    const { username = '', password = '' } = await secretData(bed, namespace, `${NAME}-influx-binding`);
    expect((await queryAsUser(bed, namespace, NAME, { username, password }, own)).status).toBe(200);
    const before = [...(await databaseOf(namespace)).continuousQueries];
    await edit(namespace, {
      continuousQueries: [
        { name: 'own', query: 'SELECT mean(v) INTO elsewhere.autogen.b FROM cpu GROUP BY time(1h)' },
        { name: 'hourly', query: HOURLY },
      ],
    });
    await stalled(namespace, 'ContinuousQueryRefused', 'own');
    await edit(namespace, { continuousQueries: [] });
    await settled(namespace);
    expect((await databaseOf(namespace)).continuousQueries).toEqual(before);
    const told = (await bed.get(namespace, NAME)).status?.continuousQueries;
    expect(told).toMatchObject([{ name: 'own', listed: false }]);
    expect(told?.[0]).not.toHaveProperty('revision');
    expect((await secretData(bed, namespace, `${NAME}-influx-admin`))['contents']).toBeUndefined();
  });

  test('that others made are reported and stay', async () => {
    const namespace = await ready('queries-others', { users: [{ name: 'reader', access: 'Read' }] });
    const { id = '' } = (await bed.get(namespace, NAME)).status ?? {};
    const { username = '', password = '' } = await secretData(bed, namespace, `${NAME}-influx-user-reader`);
    const hole = `CREATE CONTINUOUS QUERY sneaky ON ${id} BEGIN SELECT mean(v) INTO b FROM a GROUP BY time(1h) END`;
    expect((await queryAsUser(bed, namespace, NAME, { username, password }, hole)).status).toBe(200);
    await bed.lapse('a status that tells of it', TOLD_MS, async () =>
      (await bed.get(namespace, NAME)).status?.continuousQueries?.some(
        ({ name, listed }) => name === 'sneaky' && !listed,
      ),
    );
    await eventually('an event', async () =>
      (await eventsOf(namespace)).some((event) => /^ContinuousQueryFound: .*sneaky/.test(event)),
    );
    await settled(namespace);
    expect((await databaseOf(namespace)).continuousQueries).toHaveLength(1);
  });
});

describe.concurrent('users', () => {
  test('may do what is listed, with a Secret each, and nothing any more when they are not', async () => {
    const namespace = await ready('users', {
      users: [
        { name: 'reader', access: 'Read' },
        { name: 'writer', access: 'Write' },
      ],
    });
    const { id = '' } = (await bed.get(namespace, NAME)).status ?? {};
    const reader = await secretData(bed, namespace, `${NAME}-influx-user-reader`);
    expect(reader).toMatchObject({ type: 'influxdb', database: id, username: 'reader', port: '8086' });
    expect(reader['uri']).toBe(`http://reader:${reader['password']}@${reader['host']}:8086/${id}`);
    const login = { username: 'reader', password: reader['password'] ?? '' };
    expect((await queryAsUser(bed, namespace, NAME, login, 'SHOW MEASUREMENTS')).status).toBe(200);
    expect((await queryAsUser(bed, namespace, NAME, login, 'DROP SERIES FROM m')).status).toBe(403);

    await edit(namespace, { users: [{ name: 'writer', access: 'All' }] });
    await settled(namespace);
    expect((await queryAsUser(bed, namespace, NAME, login, 'SHOW MEASUREMENTS')).status).toBe(401);
    expect(await bed.client.get(Secret, { namespace, name: `${NAME}-influx-user-reader` })).toBeUndefined();
    const admin = await secretData(bed, namespace, `${NAME}-influx-admin`);
    expect(Object.keys(admin).filter((key) => key.startsWith('user.'))).toEqual(['user.writer']);
    const { users } = await engineOf(namespace);
    expect([...users.keys()].toSorted()).toEqual(['admin', id, 'writer'].toSorted());
    expect(users.get('writer')?.grants).toEqual(new Map([[id, 'ALL PRIVILEGES']]));
  });

  test('of a name that somebody else has taken are not taken over', async () => {
    const namespace = await ready('users-taken');
    await asAdmin(namespace, "CREATE USER reader WITH PASSWORD 'mine'");
    await edit(namespace, { users: [{ name: 'reader', access: 'All' }] });
    expect(await stalled(namespace, 'UserExists')).toContain('spec.users: reader');
    expect((await engineOf(namespace)).users.get('reader')).toMatchObject({
      password: 'mine',
      grants: new Map(),
    });
    await edit(namespace, { users: [] });
    await settled(namespace);
    expect((await engineOf(namespace)).users.has('reader')).toBe(true);
    await asAdmin(namespace, 'DROP USER reader');
    await edit(namespace, { users: [{ name: 'reader', access: 'All' }] });
    await bed.lapse('ready', TOLD_MS, async () => isReady(await bed.get(namespace, NAME)));
  });

  test('keep their passwords when Secrets are edited, deleted or lost', async () => {
    const namespace = await ready('users-secrets', { users: [{ name: 'reader', access: 'Read' }] });
    const name = `${NAME}-influx-user-reader`;
    const before = await secretData(bed, namespace, name);
    await bed.client.patch(
      Secret,
      { namespace, name },
      { data: { password: 'YQ==', uri: null } },
      { type: 'merge' },
    );
    await eventually(
      'restored',
      async () => (await secretData(bed, namespace, name))['uri'] === before['uri'],
    );
    const live = await bed.client.get(Secret, { namespace, name });
    await bed.client.delete(Secret, { namespace, name }, { uid: live?.metadata.uid ?? '' });
    const there = async () => (await bed.client.get(Secret, { namespace, name })) !== undefined;
    await eventually('made again', there);
    expect(await secretData(bed, namespace, name)).toEqual(before);
    const key = { namespace, name: `${NAME}-influx-admin` };
    await bed.client.patch(Secret, key, { data: { 'user.reader': null, contents: null } }, { type: 'merge' });
    await eventually(
      'recorded again',
      async () => (await secretData(bed, namespace, key.name))['user.reader'] === before['password'],
    );
    await settled(namespace);
    expect((await engineOf(namespace)).users.get('reader')?.password).toBe(before['password']);
  });
});

describe.concurrent('what somebody changes in the database', () => {
  test('is brought back, and what they made beside it is reported and stays', async () => {
    const namespace = await ready('drift', {
      retentionPolicies: [{ name: 'week', duration: '7d' }],
      defaultRetentionPolicy: 'week',
      continuousQueries: [{ name: 'hourly', query: HOURLY }],
      users: [{ name: 'reader', access: 'Read' }],
    });
    const { id = '' } = (await bed.get(namespace, NAME)).status ?? {};
    expect((await queryThroughUrl(bed, namespace, NAME, `DROP RETENTION POLICY week ON ${id}`)).status).toBe(
      200,
    );
    expect(
      (await queryThroughUrl(bed, namespace, NAME, `DROP CONTINUOUS QUERY hourly ON ${id}`)).status,
    ).toBe(200);
    for (const statement of [
      `CREATE CONTINUOUS QUERY hourly ON ${id} BEGIN SELECT max(v) INTO ${id}.autogen.x FROM ${id}.autogen.y GROUP BY time(1h) END`,
      `CREATE CONTINUOUS QUERY theirs ON ${id} BEGIN SELECT max(v) INTO ${id}.autogen.x FROM ${id}.autogen.y GROUP BY time(1h) END`,
      `CREATE RETENTION POLICY theirs ON ${id} DURATION 1h REPLICATION 1`,
      'GRANT ALL PRIVILEGES TO reader',
      `GRANT ALL ON ${id} TO reader`,
      "CREATE USER theirs WITH PASSWORD 'x'",
    ])
      await asAdmin(namespace, statement);
    await bed.lapse('the policy and the query, and the rights of the user', PROMISED_MS, async () => {
      const { policies, continuousQueries } = await databaseOf(namespace);
      const hourly = continuousQueries.find(({ name }) => name === 'hourly');
      const { admin, grants } = (await engineOf(namespace)).users.get('reader') ?? {};
      return (
        policies.some(({ name }) => name === 'week') &&
        hourly?.query.includes('mean(v)') === true &&
        isDeepStrictEqual({ admin, grants }, { admin: false, grants: new Map([[id, 'READ']]) })
      );
    });
    const addon = await bed.lapse('a status that tells of theirs', TOLD_MS, async () => {
      const live = await bed.get(namespace, NAME);
      return live.status?.users?.some(({ name }) => name === 'theirs') === true && live;
    });
    expect(addon.status?.retentionPolicies).toEqual([
      { name: 'week', duration: '7d', shardDuration: '1d', default: true, listed: true },
      { name: 'autogen', duration: 'INF', shardDuration: '7d', listed: false },
      { name: 'theirs', duration: '1h', shardDuration: '1h', listed: false },
    ]);
    expect(addon.status?.continuousQueries?.map(({ name, listed }) => [name, listed])).toEqual([
      ['hourly', true],
      ['theirs', false],
    ]);
    expect(addon.status?.users).toEqual([
      { name: 'reader', listed: true, secret: 'db-influx-user-reader' },
      { name: 'theirs', listed: false },
    ]);
    // Listed and removed again, theirs is still not ours: it was there before.
    await edit(namespace, {
      retentionPolicies: [],
      defaultRetentionPolicy: 'autogen',
      continuousQueries: [],
      users: [],
    });
    await settled(namespace);
    const database = await databaseOf(namespace);
    expect(database.policies.map(({ name }) => name).toSorted()).toEqual(['autogen', 'theirs']);
    expect(database.continuousQueries.map(({ name }) => name)).toEqual(['theirs']);
    expect([...(await engineOf(namespace)).users.keys()].toSorted()).toEqual(
      ['admin', id, 'theirs'].toSorted(),
    );
  });
});

describe.concurrent('the operator dies when it puts a continuous query, which is listed no more when the next one begins', () => {
  const QUERY = 'SELECT mean(v) INTO b FROM a GROUP BY time(1h)';

  test.for<{ blow: Blow; own: boolean }>([
    { blow: 'Applied', own: false },
    { blow: 'Lost', own: false },
    { blow: 'Applied', own: true },
    { blow: 'Lost', own: true },
  ])(
    '$blow, the application has one of the name: $own: only the application’s is left',
    async ({ blow, own }) => {
      const namespace = await bed.namespace(`put-${blow.toLowerCase()}-${own}`);
      const only = { only: namespace };
      const operator = await bed.startOperator(only);
      await bed.addon(namespace, NAME, {});
      await bed.ready(namespace, NAME);
      await operator.stop();
      const { id = '' } = (await bed.get(namespace, NAME)).status ?? {};
      const { username = '', password = '' } = await secretData(bed, namespace, `${NAME}-influx-binding`);
      const theirs = `CREATE CONTINUOUS QUERY hourly ON ${id} BEGIN ${QUERY.replace('mean', 'max')} END`;
      if (own) await queryAsUser(bed, namespace, NAME, { username, password }, theirs);
      const { databases } = await engineOf(namespace);
      const shown = () => [...(databases.get(id)?.continuousQueries ?? [])];
      const before = shown();
      expect(before).toHaveLength(own ? 1 : 0);

      const fuse = new Fuse(2, blow, namespace);
      const first = await bed.startOperator({ ...only, wrap: fuse.wrap, wrapInflux: fuse.wrapInflux });
      await edit(namespace, { continuousQueries: [{ name: 'hourly', query: QUERY }] });
      await fuse.blown;
      await first.kill();
      expect(fuse.writes).toEqual([`PUT secrets/${NAME}-influx-admin`, 'CREATE CONTINUOUS']);
      expect(shown()).toHaveLength(own || blow === 'Applied' ? 1 : 0);
      await edit(namespace, { continuousQueries: [] });
      await bed.startOperator(only);
      await bed.until(namespace, NAME, 'ready without it', isReady);
      expect(shown()).toEqual(before);
      expect((await secretData(bed, namespace, `${NAME}-influx-admin`))['contents']).toBeUndefined();
    },
  );
});

test('knows every statement that was sent', () => {
  expect(bed.kubelet.engine.unknownStatements).toEqual([]);
});
