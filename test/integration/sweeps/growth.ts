import { expect } from 'vitest';
import { databaseOf, dataClaim, GiB, measuredAgain, OFTEN } from '../measuring.ts';
import type { Sweep } from './sweep.ts';

/** A volume that is filling grows once, however often it is measured from then on. */
export const growth: Sweep = {
  name: 'a growth of a volume',
  settings: OFTEN,
  prepare: async ({ bed, namespace }) => {
    await bed.addon(namespace, 'my-app', { storage: { autoGrow: 'Enabled' } });
    await bed.ready(namespace, 'my-app');
    await measuredAgain(bed, namespace);
    return {
      act: async () => {
        (await databaseOf(bed, namespace)).ballastBytes = 7.5 * GiB;
      },
      done: async () => {
        await bed.until(namespace, 'my-app', 'grown', ({ status }) => status?.storage?.actual === '12Gi');
        await measuredAgain(bed, namespace);
      },
      check: async () => {
        const claim = await dataClaim(bed, namespace);
        expect(claim?.spec?.resources?.requests?.['storage']).toBe('12Gi');
      },
    };
  },
  writes: (writes) => {
    expect(writes.filter((write) => write.includes('persistentvolumeclaims'))).toHaveLength(1);
    expect(writes.length).toBeLessThanOrEqual(3);
  },
};
