import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { isRefused } from './ends.ts';

export const refusedAndCorrected: Scenario = {
  name: 'refused-and-corrected',
  about: 'a plan that does not exist is asked for, then one that does',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    await stage.edit({ plan: 'nowhere' });
    await stage.settled('refused', () => isRefused(stage));
    await stage.edit({ plan: '1g' });
  },
};
