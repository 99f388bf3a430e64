import { expect, test } from 'vitest';
import type { Database } from '../database.ts';
import type { OperatorNode } from '../operator-node.ts';
import { REFUSAL } from '../refusals.ts';
import type { Space } from '../space.ts';
import { ADDON, Scene } from './scene.ts';

const POINTS = 2000;

/** From Debian's 1.6.7 up to 1.8.10, with all that is refused on the way. */
export function upgradeStepCases(on: () => OperatorNode): void {
  test('1.6.7 to 1.8.10: what is refused or cannot be had changes nothing, what is taken keeps every point', async () => {
    await using scene = await Scene.open(on(), 'engine-upgrade', { version: '1.6.7' });
    const { space, pods, writer } = scene;
    const database = await space.database(ADDON);
    await database.fill('kept', POINTS);
    await tidy(space);

    await expect(space.edit(ADDON, { version: '1.5.0' })).rejects.toThrow(REFUSAL.unknown);
    await expect(space.edit(ADDON, { version: '2.7.12' })).rejects.toThrow(REFUSAL.notYet);
    await serves(space, database);
    expect(pods.count).toBe(1);

    // The new server cannot begin: said with the reason and the way out, and taken back.
    await space.edit(ADDON, { version: '1.8.99' });
    const message = await space.status(ADDON, 'Degraded');
    expect(message).toMatch(/image influxdb:1\.8\.99 cannot be pulled/);
    expect(message).toMatch(/spec\.version .*1\.6\.7/);
    expect((await space.addon(ADDON)).status?.version).toBe('1.6.7');
    await space.edit(ADDON, { version: '1.6.7' });
    await space.status(ADDON, 'Ready');
    await serves(space, database);
    // Nothing that the app depends on has changed.
    expect(await writer.revisions()).toBe(2);

    for (const version of ['1.7.11', '1.8.10']) {
      const before = pods.count;
      await space.edit(ADDON, { version });
      await space.status(ADDON, 'Ready');
      expect(await space.shell(ADDON, 'influxd version')).toContain(version);
      expect(pods.count).toBe(before + 1);
      expect(await database.count('kept')).toBe(POINTS);
      await database.write([`kept,by=${version} n=1i ${1_600_000_000}`]);
      expect(await database.asUser(`DELETE FROM kept WHERE "by" = '${version}'`)).toMatchObject({
        error: undefined,
      });
      await tidy(space);
    }

    // Now a server has opened the data: no way back. What is said behind the door is among the cases without a webhook.
    const { count } = pods;
    await expect(space.edit(ADDON, { version: '1.7.11' })).rejects.toThrow(REFUSAL.older);
    await serves(space, database);
    expect(pods.count).toBe(count);
  }, 400_000);
}

async function serves(space: Space, database: Database): Promise<void> {
  expect(await space.condition(ADDON, 'Available')).toBe('True');
  expect(await database.count('kept')).toBe(POINTS);
}

/** Every file is the engine's own, whichever version made it. */
async function tidy(space: Space): Promise<void> {
  const strange = `cd /var/lib/influxdb && find meta data wal -exec stat -c '%u:%g %n' {} ';' | grep -v '^1500:1500 ' || true`;
  expect(await space.shell(ADDON, strange)).toBe('');
  expect(await space.shell(ADDON, 'ls /var/lib/influxdb/data')).not.toBe('');
}
