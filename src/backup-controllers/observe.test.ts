import { expect, it } from 'vitest';
import { makeStores } from '../addon/observe/stores.ts';
import { addonOf, live, NAMESPACE } from '../addon/testing/fixtures.ts';
import type { PersistentVolumeClaim } from '../kube/objects/kinds.ts';
import { observeBackups } from './observe.ts';

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
