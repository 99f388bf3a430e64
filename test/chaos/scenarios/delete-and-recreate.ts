import { InfluxAddon } from '../../../src/api/kinds.ts';
import { ADDON } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const deleteAndRecreate: Scenario = {
  name: 'delete-and-recreate',
  about: 'an addon is deleted with its data, and one of its name made at once',
  engine: 'Fake',
  allows: { volumes: 1, passwords: 1 },
  setup: async (stage) => await stage.addon({ deletionPolicy: 'Delete' }),
  act: async (stage) => {
    const { uid } = (await stage.live(InfluxAddon, ADDON)).metadata;
    await stage.delete(InfluxAddon, ADDON);
    await stage.settled('gone', () => stage.seen(InfluxAddon, ADDON)?.metadata.uid !== uid);
    await stage.addon({ deletionPolicy: 'Delete' });
  },
};
