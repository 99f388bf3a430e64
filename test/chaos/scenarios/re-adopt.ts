import { InfluxAddon } from '../../../src/api/kinds.ts';
import { ADDON } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { nothingOwned } from './ends.ts';

export const reAdopt: Scenario = {
  name: 're-adopt',
  about: 'an addon is made again after a deletion under Retain: the same id, password and data',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.addon();
    await stage.settled();
    await stage.delete(InfluxAddon, ADDON);
    await stage.settled('gone', () => nothingOwned(stage));
  },
  act: async (stage) => await stage.addon(),
};
