import { InfluxAddon } from '../../../src/api/kinds.ts';
import { PersistentVolumeClaim } from '../../../src/kube/objects/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { nothingOwned } from './ends.ts';

export const deleteEverything: Scenario = {
  name: 'delete-everything',
  about: 'an addon is deleted under Delete: nothing stays',
  engine: 'Fake',
  allows: { volumes: 1 },
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], deletionPolicy: 'Delete' });
  },
  act: async (stage) => await stage.delete(InfluxAddon, ADDON),
  done: (stage) =>
    nothingOwned(stage) && stage.seen(PersistentVolumeClaim, `${ADDON}-influx-data`) === undefined,
};
