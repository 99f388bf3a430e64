import { InfluxAddon } from '../../../src/api/kinds.ts';
import { eventually, readChildren } from '../children.ts';
import type { Sweep } from './sweep.ts';

const NAME = 'db';

export const deletion: Sweep = {
  name: 'a deletion',
  prepare: async ({ bed, namespace }) => {
    await bed.addon(namespace, NAME, { deletionPolicy: 'Delete' });
    await bed.ready(namespace, NAME);
    const children = async () => Object.keys(await readChildren(bed, namespace, NAME));
    return {
      act: () => bed.client.delete(InfluxAddon, { namespace, name: NAME }),
      done: () =>
        eventually(
          'the addon to be gone',
          async () => (await bed.client.get(InfluxAddon, { namespace, name: NAME })) === undefined,
        ),
      check: async () => {
        await eventually('all children to be gone', async () => (await children()).length === 0);
      },
    };
  },
};
