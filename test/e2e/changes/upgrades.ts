import { expect, test } from 'vitest';
import { OPERATOR } from '../../demo/install.ts';
import type { Database } from '../database.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';
import { ADDON, Scene } from './scene.ts';

const POINTS = 2000;
const UNKNOWN = /spec\.version: 1\.5\.0 is not in the catalogue; allowed: .*1\.8\.10/;
const NOT_YET = /2\.7\.12 is the next major version, .* upgrade to 1\.8 first/;
const NO_WAY = /2\.7\.12 does not know how to migrate data of 1\.x/;
const OLDER = /older than 1\.8\.10/;

/** From Debian's 1.6.7 up to 1.8.10, with all that is refused on the way. */
export function upgradeStepCases(on: () => OperatorNode): void {
  test('1.6.7 to 1.8.10: what is refused or cannot be had changes nothing, what is taken keeps every point', async () => {
    await using scene = await Scene.open(on(), 'engine-upgrade', { version: '1.6.7' });
    const { space, pods, writer } = scene;
    const database = await space.database(ADDON);
    await database.fill('kept', POINTS);
    await tidy(space);

    await expect(space.edit(ADDON, { version: '1.5.0' })).rejects.toThrow(UNKNOWN);
    await expect(space.edit(ADDON, { version: '2.7.12' })).rejects.toThrow(NOT_YET);
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

    // Now a server has opened the data: back is refused, at the door and, without a webhook, behind it.
    const { count } = pods;
    await expect(space.edit(ADDON, { version: '1.7.11' })).rejects.toThrow(OLDER);
    await space.kube.run(['delete', 'validatingwebhookconfiguration', `${OPERATOR.name}-webhook`]);
    for (const [version, message] of [
      ['1.7.11', OLDER],
      ['1.5.0', UNKNOWN],
      ['2.7.12', NO_WAY],
    ] as const) {
      await space.edit(ADDON, { version });
      expect(await space.status(ADDON, 'Blocked')).toMatch(message);
      await serves(space, database);
    }
    await space.edit(ADDON, { version: '1.8.10' });
    await space.status(ADDON, 'Ready');
    expect(pods.count).toBe(count);
  }, 400_000);
}

async function serves(space: Space, database: Database): Promise<void> {
  const addon = await space.addon(ADDON);
  expect(addon.status?.conditions?.find(({ type }) => type === 'Available')?.status).toBe('True');
  expect(await database.count('kept')).toBe(POINTS);
}

/** Every file is the engine's own, whichever version made it. */
async function tidy(space: Space): Promise<void> {
  const strange = `cd /var/lib/influxdb && find meta data wal -exec stat -c '%u:%g %n' {} ';' | grep -v '^1500:1500 ' || true`;
  expect(await space.shell(ADDON, strange)).toBe('');
  expect(await space.shell(ADDON, 'ls /var/lib/influxdb/data')).not.toBe('');
}
