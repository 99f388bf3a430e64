import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const planThereAndBack: Scenario = {
  name: 'plan-there-and-back',
  about: 'a larger plan, and the first one again',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    await stage.edit({ plan: '1g' });
    await stage.settled();
    await stage.edit({ plan: '512m' });
  },
};
