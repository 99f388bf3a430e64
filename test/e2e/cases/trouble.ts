import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';

/** What cannot work, what the addon says about it, and the way back. */
export function troubleCases(on: () => OperatorNode): void {
  test('an image that cannot be pulled is named, and going back recovers with the data', async () => {
    const space = await on().space('no-image');
    const database = await space.ready('my-app', { version: '1.8.10' });
    await database.fill('kept', 50);
    await space.edit('my-app', { version: '1.8.99' });
    expect(await space.status('my-app', 'Degraded')).toMatch(/image influxdb:1\.8\.99 cannot be pulled/);
    await space.edit('my-app', { version: '1.8.10' });
    await space.status('my-app', 'Ready');
    expect(await database.count('kept')).toBe(50);
  });

  test('an addon whose first image cannot be pulled becomes Ready with another version', async () => {
    const space = await on().space('no-first-image');
    await space.create('my-app', { version: '1.8.99' });
    expect(await space.status('my-app', 'Degraded')).toMatch(/image influxdb:1\.8\.99 cannot be pulled/);
    await space.edit('my-app', { version: '1.8.10' });
    await space.status('my-app', 'Ready');
    expect((await space.addon('my-app')).status?.version).toBe('1.8.10');
  });

  test('a plan that fits no node is Unschedulable, and going back recovers with the data', async () => {
    const space = await on().space('too-large');
    const database = await space.ready('my-app');
    await database.fill('kept', 50);
    await space.edit('my-app', { plan: 'giant' });
    expect(await space.status('my-app', 'Unschedulable')).toMatch(/Insufficient (cpu|memory)/);
    await space.edit('my-app', { plan: 'tiny' });
    await space.status('my-app', 'Ready');
    expect(await database.count('kept')).toBe(50);
  });
}
