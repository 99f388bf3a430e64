import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const upgrade: Scenario = {
  name: 'upgrade',
  about: 'a newer minor version',
  engine: 'Real',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], version: '1.7' });
  },
  act: async (stage) => await stage.edit({ version: '1.8.10' }),
};
