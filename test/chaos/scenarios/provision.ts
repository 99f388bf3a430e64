import type { Scenario } from '../scenario.ts';

export const provision: Scenario = {
  name: 'provision',
  about: 'an addon is made',
  engine: 'Real',
  act: async (stage) => await stage.addon(),
};
