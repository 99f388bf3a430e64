import { expect, test } from 'vitest';
import { type Login, query } from '../database.ts';
import type { OperatorNode } from '../operator-node.ts';

const SPEC = {
  retentionPolicies: [{ name: 'week', duration: '7d', shardDuration: '1d' }],
  defaultRetentionPolicy: 'week',
  continuousQueries: [{ name: 'hourly', query: 'SELECT sum(n) INTO hourly FROM kept GROUP BY time(1h)' }],
  users: [{ name: 'reader', access: 'Read' }],
};
const NOTHING = {
  retentionPolicies: null,
  defaultRetentionPolicy: null,
  continuousQueries: null,
  users: null,
};

/** What the spec lists of a database is in the engine, is kept so, and goes when it is listed no more. */
export function contentsCases(on: () => OperatorNode): void {
  test('what is listed is made, comes back when users drop it, and goes again, all without a restart', async () => {
    const space = await on().space('contents');
    const database = await space.ready('my-app', SPEC);
    const { id, origin } = database.address;
    const pod = await space.pod('my-app');
    const names = async (statement: string) => (await database.asAdmin(statement)).rows.map(([name]) => name);
    const policies = `SHOW RETENTION POLICIES ON ${id}`;
    expect((await database.asAdmin(policies)).rows).toContainEqual(['week', '168h0m0s', '24h0m0s', 1, true]);
    expect(await names('SHOW CONTINUOUS QUERIES')).toEqual(['hourly']);

    const now = Math.floor(Date.now() / 1000);
    await database.write([`kept n=1i ${now}`]);
    const { username = '', password = '' } = await space.secret('my-app-influx-user-reader');
    const reader: Login = { username, password };
    expect((await query(origin, 'SELECT COUNT(n) FROM kept', reader, id)).rows).toHaveLength(1);
    expect((await query(origin, 'DROP SERIES FROM kept', reader, id)).status).toBe(403);
    const stealthy = 'SELECT max(n) INTO stolen FROM kept GROUP BY time(1h)';
    const made = `CREATE CONTINUOUS QUERY stealthy ON ${id} BEGIN ${stealthy} END`;
    expect((await query(origin, made, reader, id)).error).toBeUndefined();
    expect((await database.asUser(`DROP RETENTION POLICY week ON ${id}`)).error).toBeUndefined();
    await expect(database.write([`kept n=1i ${now}`])).rejects.toThrow('500');

    await space.until('the default policy', async () => (await names(policies)).includes('week'));
    await database.write([`kept n=1i ${now}`]);
    await space.until('a word of the query that a reader made', async () => {
      const { status } = await space.addon('my-app');
      return status?.continuousQueries?.some(({ name, listed }) => name === 'stealthy' && !listed);
    });

    await space.patch('influxaddons', 'my-app', {
      metadata: { annotations: { 'influxaddon.dev/allow-data-loss': 'week=removed' } },
      spec: NOTHING,
    });
    await space.status('my-app', 'Ready');
    expect(await names(policies)).toEqual(['autogen']);
    expect(await names('SHOW CONTINUOUS QUERIES')).toEqual(['stealthy']);
    expect((await query(origin, 'SHOW DATABASES', reader)).status).toBe(401);
    expect(await space.get('secrets', 'my-app-influx-user-reader')).toBeUndefined();
    expect((await space.pod('my-app')).metadata.uid).toBe(pod.metadata.uid);
  });
}
