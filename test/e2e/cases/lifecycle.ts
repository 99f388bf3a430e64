import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run } from '../../cluster/run-command.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

/** Stop, start, delete, adopt. */
export function lifecycleCases(on: () => OperatorNode): void {
  test('a stopped database has no pod and keeps volume and Secrets; started again it has its data', async () => {
    const space = await on().space('stopped');
    const database = await space.ready('my-app');
    await database.fill('kept', 200);
    const url = await space.secret('my-app-influx');
    await space.edit('my-app', { state: 'Stopped' });
    await space.status('my-app', 'Stopped');
    expect(await space.get('pods', 'my-app-influx-0')).toBeUndefined();
    await space.edit('my-app', { state: 'Running' });
    await space.status('my-app', 'Ready');
    expect(await space.secret('my-app-influx')).toEqual(url);
    expect(await database.count('kept')).toBe(200);
  });

  test('a deleted addon leaves volume and credentials, and one of the same name goes on with them', async () => {
    const space = await on().space('retained');
    const database = await space.ready('my-app', { version: '1.8.10' });
    await database.fill('kept', 200);
    const volume = await space.volume('my-app');
    const url = await space.secret('my-app-influx');
    const { id } = (await space.addon('my-app')).status ?? {};
    await deleted(space, 'my-app');
    await space.until('everything but volume and credentials to go', async () => {
      const left = [
        await space.get('statefulsets', 'my-app-influx'),
        await space.get('pods', 'my-app-influx-0'),
        await space.get('services', 'my-app-influx'),
        await space.get('secrets', 'my-app-influx'),
      ];
      return left.every((object) => object === undefined);
    });
    expect(await space.volume('my-app')).toEqual(volume);

    // Not even an older version than the data was opened by: the memory of it outlives the addon.
    await space.create('my-app', { version: '1.7.11' });
    expect(await space.status('my-app', 'Blocked')).toMatch(/1\.8\.10/);
    await space.edit('my-app', { version: '1.8.10' });
    await space.status('my-app', 'Ready');
    expect(await space.secret('my-app-influx')).toEqual(url);
    expect((await space.addon('my-app')).status?.id).toBe(id);
    expect(await space.volume('my-app')).toEqual(volume);
    expect(await (await space.database('my-app')).count('kept')).toBe(200);
  });

  test('deletionPolicy Delete takes the volume along, down to its disk, and a new addon starts empty', async () => {
    const space = await on().space('deleted');
    const database = await space.ready('my-app', { deletionPolicy: 'Delete' });
    await database.fill('gone', 10);
    const volume = await space.volume('my-app');
    expect(existsSync(`${volume.path}.img`)).toBe(true);
    expect(await loops()).toContain(volume.name);
    await deleted(space, 'my-app');
    expect(await space.get('persistentvolumeclaims', 'my-app-influx-data')).toBeUndefined();
    expect(await space.get('secrets', 'my-app-influx-admin')).toBeUndefined();
    await space.until('the loop device to go', async () => !(await loops()).includes(volume.name));
    // The provisioner removes the file after the device.
    await space.until('the disk to go', () => Promise.resolve(!existsSync(`${volume.path}.img`)));
    const fresh = await space.ready('my-app', { deletionPolicy: 'Delete' });
    expect(await fresh.count('gone')).toBe(0);
    expect(fresh.address.user.password).not.toBe(database.address.user.password);
  });
}

async function deleted(space: Space, name: string): Promise<void> {
  await space.delete('influxaddons', name);
  await space.until(`${name} to be gone`, async () => (await space.get('influxaddons', name)) === undefined);
}

function loops(): Promise<string> {
  return run('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE']);
}
