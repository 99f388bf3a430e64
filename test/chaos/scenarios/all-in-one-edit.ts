import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const allInOneEdit: Scenario = {
  name: 'all-in-one-edit',
  about: 'plan, version, TLS and the name of the variable in one edit: one restart',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], version: '1.7' });
  },
  act: async (stage) =>
    await stage.edit({
      plan: '1g',
      version: '1.8',
      tls: { mode: 'Required' },
      connection: { prefix: 'METRICS' },
    }),
};
