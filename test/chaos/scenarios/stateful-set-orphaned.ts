import { StatefulSet } from '../../../src/kube/objects/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const statefulSetOrphaned: Scenario = {
  name: 'stateful-set-orphaned',
  about: 'somebody deletes the StatefulSet and leaves its pod',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.delete(StatefulSet, `${ADDON}-influx`, 'Orphan'),
};
