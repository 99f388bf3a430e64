import { expect } from 'vitest';
import type { InfluxAddonSpec } from '../../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../../src/api/kinds.ts';
import { PersistentVolumeClaim, Pod, Secret } from '../../../src/kube/objects/kinds.ts';
import { pick } from '../../size.ts';
import { queryAsAdmin, secretData } from '../database.ts';
import { isReady } from '../operator-bed.ts';
import type { Scene, Sweep } from './sweep.ts';

const NAME = 'db';
const QUERY = 'SELECT mean(v) INTO b FROM a GROUP BY time(1h)';

/** Two specs that differ in all that can be listed. */
const ONE: Partial<InfluxAddonSpec> = {
  retentionPolicies: [
    { name: 'week', duration: '7d' },
    { name: 'month', duration: '30d' },
  ],
  defaultRetentionPolicy: 'week',
  continuousQueries: [
    { name: 'hourly', query: QUERY },
    { name: 'daily', query: QUERY.replace('1h', '1d') },
  ],
  users: [
    { name: 'reader', access: 'Read' },
    { name: 'writer', access: 'Write' },
  ],
};
const OTHER: Partial<InfluxAddonSpec> = {
  retentionPolicies: [
    { name: 'week', duration: '14d' },
    { name: 'year', duration: '365d' },
  ],
  defaultRetentionPolicy: 'autogen',
  continuousQueries: [{ name: 'hourly', query: QUERY.replace('mean', 'max') }],
  users: [
    { name: 'reader', access: 'All' },
    { name: 'auditor', access: 'Read' },
  ],
};

const there = sweepOf('a change of what is listed', ONE, OTHER);
const back = sweepOf('what is listed as it was', OTHER, ONE);

/** A change of what is listed: the database ends with that, and with what others made. */
export const contents: readonly Sweep[] = pick([there], [there, back]);

function sweepOf(name: string, from: Partial<InfluxAddonSpec>, to: Partial<InfluxAddonSpec>): Sweep {
  return {
    name,
    few: true,
    prepare: async ({ bed, namespace }) => {
      await bed.addon(namespace, NAME, from);
      await bed.ready(namespace, NAME);
      const { id } = (await bed.get(namespace, NAME)).status ?? {};
      for (const statement of [
        `CREATE RETENTION POLICY by_hand ON ${id} DURATION 1h REPLICATION 1`,
        `CREATE CONTINUOUS QUERY by_hand ON ${id} BEGIN ${QUERY} END`,
        "CREATE USER by_hand WITH PASSWORD 'x'",
      ])
        expect((await queryAsAdmin(bed, namespace, NAME, statement)).body).not.toContain('error');
      const podUid = async () =>
        (await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` }))?.metadata.uid;
      const pod = await podUid();
      return {
        act: () => bed.client.patch(InfluxAddon, { namespace, name: NAME }, { spec: to }, { type: 'merge' }),
        done: () => bed.until(namespace, NAME, 'ready', isReady),
        check: async () => {
          await expectAsListed({ bed, namespace }, to);
          expect(await podUid()).toBe(pod);
          expect(bed.kubelet.engine.unknownStatements).toEqual([]);
        },
      };
    },
    writes: (writes) => {
      // Records before and after, Secrets of users, status; and each statement.
      expect(writes.length).toBeGreaterThan(10);
      expect(writes).toEqual(
        expect.arrayContaining([
          'CREATE RETENTION',
          'DROP RETENTION',
          'CREATE CONTINUOUS',
          'DROP CONTINUOUS',
          'DROP USER',
        ]),
      );
    },
  };
}

async function expectAsListed({ bed, namespace }: Scene, spec: Partial<InfluxAddonSpec>): Promise<void> {
  const { id = '' } = (await bed.get(namespace, NAME)).status ?? {};
  const claim = await bed.client.get(PersistentVolumeClaim, { namespace, name: `${NAME}-influx-data` });
  const engine = bed.kubelet.engine.state(claim?.metadata.uid ?? '');
  const database = engine.databases.get(id);
  const names = (list: readonly { name: string }[] = []) => list.map(({ name }) => name).toSorted();
  expect(names(database?.policies)).toEqual(
    [...names(spec.retentionPolicies), 'autogen', 'by_hand'].toSorted(),
  );
  expect(database?.defaultPolicy).toBe(spec.defaultRetentionPolicy);
  const week = database?.policies.find(({ name }) => name === 'week');
  expect(week?.duration).toBe((spec === ONE ? 7n : 14n) * 86_400_000_000_000n);
  expect(names(database?.continuousQueries)).toEqual(
    [...names(spec.continuousQueries), 'by_hand'].toSorted(),
  );
  const hourly = database?.continuousQueries.find(({ name }) => name === 'hourly')?.query;
  expect(hourly).toContain(
    `SELECT ${spec === ONE ? 'mean' : 'max'}(v) INTO ${id}.${spec.defaultRetentionPolicy}.b`,
  );
  const users = [...engine.users.keys()].filter((name) => !['admin', id, 'by_hand'].includes(name));
  expect(users.toSorted()).toEqual(names(spec.users));
  const admin = await secretData(bed, namespace, `${NAME}-influx-admin`);
  const passwords = Object.keys(admin).filter((key) => key.startsWith('user.'));
  expect(passwords.toSorted()).toEqual(names(spec.users).map((name) => `user.${name}`));
  const { items } = await bed.client.list(Secret, { namespace });
  const secrets = items.map(({ metadata }) => metadata.name).filter((name) => name.includes('-user-'));
  expect(secrets.toSorted()).toEqual(names(spec.users).map((name) => `${NAME}-influx-user-${name}`));
  for (const { name } of spec.users ?? []) {
    const { password } = await secretData(bed, namespace, `${NAME}-influx-user-${name}`);
    expect(engine.users.get(name)?.password).toBe(password);
    expect(admin[`user.${name}`]).toBe(password);
  }
}
