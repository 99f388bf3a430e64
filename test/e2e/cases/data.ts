import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';

const POINTS = 500;

/** The data is there after whatever happens to what is around it. */
export function dataCases(on: () => OperatorNode): void {
  test('data survives deletion and eviction of the pod, and deletion of the StatefulSet with and without its pod', async () => {
    const space = await on().space('survives');
    const database = await space.ready('my-app');
    await database.fill('kept', POINTS);
    const volume = await space.volume('my-app');
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'my-app-influx-0', namespace: space.namespace },
    };
    const blows: [string, () => Promise<unknown>][] = [
      ['pod deleted', () => space.delete('pods', 'my-app-influx-0')],
      [
        'pod evicted',
        () => space.api.send('POST', `${space.path('pods', 'my-app-influx-0')}/eviction`, eviction),
      ],
      [
        'StatefulSet deleted',
        () => space.delete('statefulsets', 'my-app-influx', { propagationPolicy: 'Background' }),
      ],
    ];
    for (const [what, blow] of blows) {
      const { uid } = (await space.pod('my-app')).metadata;
      await blow();
      await space.nextPod('my-app', uid);
      await space.status('my-app', 'Ready');
      expect(await (await space.database('my-app')).count('kept'), what).toBe(POINTS);
    }
    // Orphaned: the pod goes on, and a StatefulSet that is made again takes it over.
    const before = await space.must<{ metadata: { uid: string } }>('statefulsets', 'my-app-influx');
    const pod = await space.pod('my-app');
    await space.delete('statefulsets', 'my-app-influx', { propagationPolicy: 'Orphan' });
    await space.until('a StatefulSet after the orphaned one', async () => {
      const now = await space.get<{ metadata: { uid: string } }>('statefulsets', 'my-app-influx');
      return now !== undefined && now.metadata.uid !== before.metadata.uid;
    });
    await space.status('my-app', 'Ready');
    expect((await space.pod('my-app')).metadata.uid).toBe(pod.metadata.uid);
    expect(await (await space.database('my-app')).count('kept')).toBe(POINTS);
    expect(await space.volume('my-app')).toEqual(volume);
  });

  test('the size of the plan is a limit that the database cannot pass', async () => {
    const space = await on().space('limit');
    const database = await space.ready('my-app');
    const fill = space.shell('my-app', 'dd if=/dev/zero of=/var/lib/influxdb/filler bs=1M count=40');
    await expect(fill).rejects.toThrow('No space left on device');
    await space.shell('my-app', 'rm /var/lib/influxdb/filler');
    await database.fill('after', 10);
    expect(await database.count('after')).toBe(10);
  });

  test('a larger plan grows the volume under the data, and restarts the database once', async () => {
    const space = await on().space('larger');
    const database = await space.ready('my-app');
    await database.fill('kept', POINTS);
    const pod = await space.pod('my-app');
    const volume = await space.volume('my-app');
    await space.edit('my-app', { plan: 'tiny-plus' });
    await space.status('my-app', 'Ready');
    const after = await space.pod('my-app');
    expect(after.metadata.uid).not.toBe(pod.metadata.uid);
    expect(after.status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0]);
    expect(await space.volume('my-app')).toEqual(volume);
    await space.until('the larger volume', async () =>
      /^9\d$|^8\d$/m.test(
        await space.shell('my-app', `df -m /var/lib/influxdb | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2`),
      ),
    );
    expect(await database.count('kept')).toBe(POINTS);
    expect((await space.addon('my-app')).status?.plan).toBe('tiny-plus');
  });
}
