import { expect } from 'vitest';
import { Deployment } from '../../../src/kube/objects/kinds.ts';
import { appOf } from '../app.ts';
import { backUp, BACKUPS, claimsOf, makeStore, mountedClaim, restore, untilRestore } from '../backing-up.ts';
import { fakeStoreOf } from '../fake-store.ts';
import { isSettled } from '../changing.ts';
import { writePoint } from '../points.ts';
import type { Sweep } from './sweep.ts';

const OLD = 'my-app-influx-data';

/** The database runs on one whole volume that was filled, takes points, the one before is kept, the app restarted once. */
export const restoring: Sweep = {
  name: 'a restore',
  prepare: async ({ bed, namespace }) => {
    const store = fakeStoreOf(bed.kubelet, namespace);
    const filled: string[] = [];
    store.onRestore = (_spec, claim) => filled.push(claim);
    await makeStore(bed, namespace);
    await bed.client.create(Deployment, appOf(namespace));
    await bed.addon(namespace, 'my-app', { backups: BACKUPS, apps: [{ name: 'web', env: 'Inject' }] });
    await backUp(bed, namespace, 'mine');
    await bed.until(namespace, 'my-app', 'backed up', ({ status }) => status?.backups?.last?.name === 'mine');
    const settled = () => bed.until(namespace, 'my-app', 'settled', isSettled);
    const { id = '' } = (await settled()).status ?? {};
    return {
      act: () => restore(bed, namespace, 'back', id),
      done: async () => {
        await untilRestore(bed, namespace, 'back');
        await settled();
      },
      check: async () => {
        const { status } = await untilRestore(bed, namespace, 'back');
        const { claim = '', previousClaim } = status ?? {};
        expect(previousClaim).toBe(OLD);
        expect(new Set(filled)).toEqual(new Set([claim]));
        expect(await mountedClaim(bed, namespace)).toBe(claim);
        expect(await claimsOf(bed, namespace)).toEqual([OLD, claim].toSorted());
        expect(await writePoint(bed, namespace, 'my-app', 'after')).toBe(true);
        const web = await bed.client.get(Deployment, { namespace, name: 'web' });
        expect(web?.metadata.generation).toBe(3);
      },
    };
  },
  writes: (writes) => expect(writes.length).toBeGreaterThanOrEqual(6),
};
