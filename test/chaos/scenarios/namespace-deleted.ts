import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const namespaceDeleted: Scenario = {
  name: 'namespace-deleted',
  about: 'a namespace is deleted with all in it',
  engine: 'Fake',
  allows: { volumes: 1 },
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], deletionPolicy: 'Delete' });
  },
  act: async (stage) => await stage.deleteNamespace(),
  done: (stage) => stage.isEmpty,
};
