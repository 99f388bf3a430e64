import { NetworkPolicy, Secret, Service, StatefulSet } from '../../../src/kube/objects/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const childrenDeleted: Scenario = {
  name: 'children-deleted',
  about: 'somebody deletes every child that can be made again',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    const name = `${ADDON}-influx`;
    await stage.delete(Service, name);
    await stage.delete(NetworkPolicy, name);
    await stage.delete(Secret, `${name}-binding`);
    await stage.delete(Secret, name);
    await stage.delete(StatefulSet, name);
  },
};
