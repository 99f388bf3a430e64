import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const stop: Scenario = {
  name: 'stop',
  about: 'a database is stopped',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.edit({ state: 'Stopped' }),
};
