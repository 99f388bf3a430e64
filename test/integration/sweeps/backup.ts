import { expect } from 'vitest';
import { InfluxBackupStore } from '../../../src/api/kinds.ts';
import { Job } from '../../../src/kube/objects/kinds.ts';
import { backUp, BACKUPS, makeStore, untilBackup, untilReason } from '../backing-up.ts';
import { fakeStoreOf } from '../fake-store.ts';
import type { Sweep } from './sweep.ts';

/** One Job, and one whole backup in the store. */
export const backup: Sweep = {
  name: 'a backup',
  prepare: async ({ bed, namespace }) => {
    const store = fakeStoreOf(bed.kubelet, namespace);
    await makeStore(bed, namespace);
    await bed.addon(namespace, 'my-app', { backups: BACKUPS });
    await bed.ready(namespace, 'my-app');
    await untilReason(bed, InfluxBackupStore, { namespace, name: 'nightly' }, 'Ready');
    return {
      act: () => backUp(bed, namespace, 'mine'),
      done: () => untilBackup(bed, namespace, 'mine'),
      check: async () => {
        const { metadata } = await untilBackup(bed, namespace, 'mine');
        expect([...store.objects.keys()]).toEqual([metadata.uid]);
        expect(store.ran.filter(({ operation }) => operation === 'backup')).toHaveLength(1);
        const { items } = await bed.client.list(Job, { namespace });
        const names = items.map((job) => job.metadata.name);
        expect(names.filter((name) => name.startsWith('backup-'))).toHaveLength(1);
      },
    };
  },
  // Said to be begun, begun, said to be done.
  writes: (writes) => expect(writes.length).toBeGreaterThanOrEqual(3),
};
