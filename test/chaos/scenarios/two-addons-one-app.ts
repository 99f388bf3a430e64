import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const twoAddonsOneApp: Scenario = {
  name: 'two-addons-one-app',
  about: 'a second addon is made for an app that has one',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    const connection = { prefix: 'METRICS', alias: '' };
    await stage.addon({ apps: [...INJECTED], connection }, 'metrics');
  },
};
