import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';

/** What somebody changed by hand comes back. */
export function driftCases(on: () => OperatorNode): void {
  test('a dropped administrator is back by itself, and the data with it', async () => {
    const space = await on().space('administrator');
    const database = await space.ready('my-app');
    await database.fill('kept', 100);
    expect((await database.asAdmin('DROP USER admin')).error).toBeUndefined();
    expect((await database.asAdmin('SHOW USERS')).status).not.toBe(200);
    await space.until('the administrator', async () => (await database.asAdmin('SHOW USERS')).status === 200);
    await space.status('my-app', 'Ready');
    expect(await database.count('kept')).toBe(100);
    const users = new Map((await database.asAdmin('SHOW USERS')).rows as [string, boolean][]);
    expect(users).toEqual(
      new Map([
        ['admin', true],
        [database.address.id, false],
      ]),
    );
  });

  test.each([
    ['a revoked grant', (id: string) => `REVOKE ALL PRIVILEGES ON ${id} FROM ${id}`],
    ['a dropped user', (id: string) => `DROP USER ${id}`],
  ])('%s is back by itself, without a restart', async (what, statement) => {
    const space = await on().space(what.replaceAll(' ', '-'));
    const database = await space.ready('my-app');
    await database.fill('kept', 100);
    const pod = await space.pod('my-app');
    expect((await database.asAdmin(statement(database.address.id))).error).toBeUndefined();
    await expect(database.count('kept')).rejects.toThrow(/40[13]|authorized/);
    await space.until(`${what} to be repaired`, async () => (await database.count('kept')) === 100);
    expect((await space.pod('my-app')).metadata.uid).toBe(pod.metadata.uid);
  });

  test('an edited and a deleted Secret come back as they were, and the password still works', async () => {
    const space = await on().space('secrets');
    const database = await space.ready('my-app');
    const names = ['my-app-influx', 'my-app-influx-binding', 'my-app-influx-admin'];
    const read = (): Promise<Record<string, string>[]> =>
      Promise.all(names.map((name) => space.secret(name)));
    const before = await read();
    const pod = await space.pod('my-app');
    const junk = Buffer.from('http://junk:junk@junk/junk').toString('base64');
    const edits: Record<string, string> = {
      'my-app-influx': 'INFLUX_URL',
      'my-app-influx-binding': 'uri',
      'my-app-influx-admin': 'password',
    };
    for (const name of names) {
      await space.patch('secrets', name, { data: { [edits[name] ?? '']: junk, more: junk } });
      await space.until(`${name} as it was`, async () => same(await read(), before));
      const { metadata } = await space.must<{ metadata: { uid: string } }>('secrets', name);
      // Without the administrator's Secret nothing is left that knows the administrator's password: see below.
      if (name === 'my-app-influx-admin') continue;
      await space.delete('secrets', name);
      await space.until(`${name} again`, async () => {
        const now = await space.get<{ metadata: { uid: string } }>('secrets', name);
        return now !== undefined && now.metadata.uid !== metadata.uid && same(await read(), before);
      });
    }
    expect((await space.pod('my-app')).metadata.uid).toBe(pod.metadata.uid);
    await database.fill('works', 3);

    // A lost administrator's Secret: id and password of the app stay, the administrator gets a new password.
    await space.delete('secrets', 'my-app-influx-admin');
    await space.until('a new administrator', async () => {
      const again = await space.database('my-app');
      return (await again.asAdmin('SHOW USERS')).status === 200;
    });
    await space.status('my-app', 'Ready');
    const [url, binding, admin] = await read();
    expect([url, binding]).toEqual(before.slice(0, 2));
    expect(admin).toMatchObject({ id: before[2]?.['id'], password: before[2]?.['password'] });
    expect(await database.count('works')).toBe(3);
  });
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
