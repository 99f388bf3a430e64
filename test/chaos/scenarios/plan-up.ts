import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const planUp: Scenario = {
  name: 'plan-up',
  about: 'a larger plan: the volume grows, the database and the app restart',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.edit({ plan: '1g' }),
};
