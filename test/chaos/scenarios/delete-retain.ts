import { InfluxAddon } from '../../../src/api/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { nothingOwned } from './ends.ts';

export const deleteRetain: Scenario = {
  name: 'delete-retain',
  about: 'an addon is deleted under Retain: volume and credentials stay',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.delete(InfluxAddon, ADDON),
  done: nothingOwned,
};
