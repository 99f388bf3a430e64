import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const policyChanged: Scenario = {
  name: 'policy-changed',
  about: 'access and deletion policy change: nothing restarts',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    await stage.edit({ access: { policy: 'Bound' }, deletionPolicy: 'Delete' });
    await stage.settled();
    await stage.edit({ access: { policy: 'Open' }, deletionPolicy: 'Retain' });
  },
};
