import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const provisionInjected: Scenario = {
  name: 'provision-injected',
  about: 'an addon is made for an app that gets its variables',
  engine: 'Fake',
  setup: async (stage) => await stage.app(),
  act: async (stage) => await stage.addon({ apps: [...INJECTED] }),
};
