import { InfluxAddon } from '../../../src/api/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const databaseDrifts: Scenario = {
  name: 'database-drifts',
  about: 'the user of the application is dropped, and its retention policy',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    const id = stage.seen(InfluxAddon, ADDON)?.status?.id ?? '';
    await stage.asAdministrator(`DROP USER "${id}"`);
    await stage.asAdministrator(`CREATE USER "${id}" WITH PASSWORD 'another'`);
    stage.advance(60_000);
    await stage.untilAsked();
  },
};
