import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const planDown: Scenario = {
  name: 'plan-down',
  about: 'a smaller plan: the volume stays as it is',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], plan: '1g' });
  },
  act: async (stage) => await stage.edit({ plan: '512m' }),
};
