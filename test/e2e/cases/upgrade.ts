import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';
import { REFUSAL } from '../refusals.ts';

/** From the engine that images start as root, over one that knows a newer index, to the newest. */
export function upgradeCases(on: () => OperatorNode): void {
  test('1.6.7 to 1.7.11 to 1.8.10 keeps every point, every file readable and the URL', async () => {
    const space = await on().space('upgrade');
    const database = await space.ready('my-app', { version: '1.6.7' });
    const url = await space.secret('my-app-influx');
    let points = 0;
    for (const version of ['1.6.7', '1.7.11', '1.8.10']) {
      await space.edit('my-app', { version });
      await space.status('my-app', 'Ready');
      expect((await space.addon('my-app')).status?.version).toBe(version);
      expect((await space.pod('my-app')).spec.containers[0]?.image).toBe(`influxdb:${version}`);
      expect(await space.shell('my-app', 'influxd version')).toContain(version);
      expect(await database.count('kept')).toBe(points);
      await database.write(
        Array.from({ length: 1000 }, (_, n) => `kept,by=${version} n=${n}i ${1_700_000_000 + points + n}`),
      );
      points += 1000;
      expect(await database.count('kept')).toBe(points);
      // Whoever made a file, the engine can use it: what it may not read or change is named here.
      const strange = await space.shell(
        'my-app',
        `cd /var/lib/influxdb && find meta data wal -type d -exec test ! -w {} ';' -print -o -exec test ! -r {} ';' -print`,
      );
      expect(strange).toBe('');
    }
    expect(await space.secret('my-app-influx')).toEqual(url);
    expect(await space.status('my-app', 'Ready')).toBeDefined();
    // Now a server has opened the data: what cannot be is refused, here by the operator, and changes nothing.
    const { uid } = (await space.pod('my-app')).metadata;
    for (const [version, message] of [
      ['1.7.11', REFUSAL.older],
      ['1.5.0', REFUSAL.unknown],
      ['2.7.12', REFUSAL.noWay],
    ] as const) {
      await space.edit('my-app', { version });
      expect(await space.status('my-app', 'Blocked')).toMatch(message);
      expect(await space.condition('my-app', 'Available')).toBe('True');
      expect(await database.count('kept')).toBe(points);
    }
    await space.edit('my-app', { version: '1.8.10' });
    await space.status('my-app', 'Ready');
    expect((await space.pod('my-app')).metadata.uid).toBe(uid);
  });
}
