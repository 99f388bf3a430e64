import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const start: Scenario = {
  name: 'start',
  about: 'a stopped database is started on another plan',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
    await stage.settled();
    await stage.edit({ state: 'Stopped' });
  },
  act: async (stage) => await stage.edit({ state: 'Running', plan: '1g' }),
};
