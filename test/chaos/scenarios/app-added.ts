import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const appAdded: Scenario = {
  name: 'app-added',
  about: 'a second app is bound',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.app('worker');
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.edit({ apps: [...INJECTED, { name: 'worker', env: 'Inject' }] }),
};
