import { describe, expect, it } from 'vitest';
import type { InfluxBackup } from '../api/influx-backup.ts';
import { makeStores, type Stores } from '../addon/observe/stores.ts';
import { addonOf, live, NAMESPACE } from '../addon/testing/fixtures.ts';
import type { PersistentVolumeClaim } from '../kube/objects/kinds.ts';
import type { InfluxRestore } from '../api/influx-restore.ts';
import { WorkQueue } from '../kube/control/work-queue.ts';
import { observeBackups } from './observe.ts';
import { connectBackups } from './triggers.ts';

function claimOf(name: string, storage: string) {
  const metadata = { name, namespace: NAMESPACE, uid: name };
  return live<PersistentVolumeClaim>({ metadata, status: { capacity: { storage } } });
}

it.each([
  ['is that of the first claim', undefined, 2 ** 30],
  ['is that of the claim that a restore has brought', 'my-app-influx-data-abcdef', 2 ** 31],
])('the size of the volume %s', (_, claim, bytes) => {
  const stores = makeStores();
  const storage = claim === undefined ? {} : { claim };
  stores.addons.recordWrite(addonOf({}, { status: { plan: '1g', storage } }));
  stores.claims.recordWrite(claimOf('my-app-influx-data', '1Gi'));
  stores.claims.recordWrite(claimOf('my-app-influx-data-abcdef', '2Gi'));
  const settings = { image: undefined, atOnce: 1, clusterDomain: 'cluster.local' };
  expect(observeBackups(stores, `${NAMESPACE}/my-app`, settings).volumeBytes).toBe(bytes);
});

describe('a backup is needed', () => {
  const restoreOf = (status: InfluxRestore['status']) =>
    live<InfluxRestore>({
      metadata: { name: 'undo', namespace: NAMESPACE, uid: 'undo' },
      spec: { addonRef: { name: 'other' }, backupRef: { name: 'mine' }, overwrite: 'other_1' },
      ...(status === undefined ? {} : { status }),
    });
  const isNeeded = (stores: Stores, name = 'mine') => {
    const settings = { image: undefined, atOnce: 1, clusterDomain: 'cluster.local' };
    return observeBackups(stores, `${NAMESPACE}/my-app`, settings).isNeeded(name);
  };
  const at = '2030-01-01T00:00:00Z';

  it.each([
    ['by a restore that has not begun', undefined, true],
    ['by one that is under way', { startedAt: at, restoredAt: at }, true],
    ['not by one that is through', { startedAt: at, completedAt: at }, false],
    ['not by one that failed', { failedAt: at }, false],
  ])('%s', (_, status, needed) => {
    const stores = makeStores();
    stores.restores.recordWrite(restoreOf(status));
    expect(isNeeded(stores)).toBe(needed);
    expect(isNeeded(stores, 'other')).toBe(false);
  });

  it.each([
    ['by an addon that waits to begin with it', {}, true],
    ['not by one that has', { dataPlane: { revision: 'r' } }, false],
  ])('%s', (_, status, needed) => {
    const stores = makeStores();
    const addon = addonOf({ restoreFrom: { backupRef: { name: 'mine' } } }, { status });
    stores.addons.recordWrite({ ...addon, metadata: { ...addon.metadata, name: 'new', uid: 'new' } });
    expect(isNeeded(stores)).toBe(needed);
  });

  it('no longer, and whoever keeps it is woken', () => {
    const stores = makeStores();
    const woken = new Set<string>();
    const queue = { add: (key: string) => void woken.add(key) } as WorkQueue;
    connectBackups(stores, { backups: queue, stores: new WorkQueue(), restores: new WorkQueue() });
    stores.backups.recordWrite(
      live<InfluxBackup>({
        metadata: { name: 'mine', namespace: NAMESPACE, uid: 'mine' },
        spec: { addonRef: { name: 'gone' } },
      }),
    );
    stores.restores.recordWrite(restoreOf(undefined));
    woken.clear();
    stores.restores.recordWrite(restoreOf({ completedAt: at }));
    expect(woken).toContain(`${NAMESPACE}/gone`);
  });
});
