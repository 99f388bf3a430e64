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

describe('a drill', () => {
  const backupOf = (addon: string, status: InfluxBackup['status'], metadata: object = {}) =>
    live<InfluxBackup>({
      metadata: { name: addon, namespace: NAMESPACE, uid: addon, ...metadata },
      spec: { addonRef: { name: addon } },
      ...(status === undefined ? {} : { status }),
    });
  const at = '2030-01-01T00:00:00Z';
  const whole = { startedAt: at, completedAt: at };
  const drilled = { ...whole, job: 'drill-1-1' };
  const drilling = (stores: Stores, addon: string) => {
    const settings = { image: undefined, atOnce: 1, clusterDomain: 'cluster.local' };
    return observeBackups(stores, `${NAMESPACE}/${addon}`, settings).drilling;
  };

  it('takes a place from other addons while its Job is not known to have ended', () => {
    const stores = makeStores();
    stores.backups.recordWrite(backupOf('one', drilled));
    stores.backups.recordWrite(backupOf('taken', { startedAt: at, job: 'backup-1-1' }));
    stores.backups.recordWrite(backupOf('expired', { ...drilled, expiredAt: at }));
    stores.backups.recordWrite(backupOf('goes', drilled, { deletionTimestamp: at, finalizers: ['x/y'] }));
    expect([drilling(stores, 'one'), drilling(stores, 'two')]).toEqual([0, 1]);
    stores.backups.recordWrite(backupOf('one', whole));
    expect(drilling(stores, 'two')).toBe(0);
  });

  it('that ends wakes those that wait for its place, and nobody else', () => {
    const stores = makeStores();
    const woken = new Set<string>();
    const queue = { add: (key: string) => void woken.add(key) } as WorkQueue;
    connectBackups(stores, { backups: queue, stores: new WorkQueue(), restores: new WorkQueue() });
    stores.backups.recordWrite(backupOf('one', drilled));
    const drill = { attempts: 0, reason: 'Waiting', message: 'in its turn' };
    stores.backups.recordWrite(backupOf('waits', { ...whole, drill }));
    stores.backups.recordWrite(backupOf('other', whole));
    woken.clear();
    stores.backups.recordWrite(backupOf('one', whole));
    expect(woken).toEqual(new Set([`${NAMESPACE}/one`, `${NAMESPACE}/waits`]));
  });
});
