import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const appRemoved: Scenario = {
  name: 'app-removed',
  about: 'an app is unbound: its variables are taken out',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.edit({ apps: [] }),
};
