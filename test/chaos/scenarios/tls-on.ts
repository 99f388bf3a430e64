import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const tlsOn: Scenario = {
  name: 'tls-on',
  about: 'TLS is switched on',
  engine: 'Real',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.edit({ tls: { mode: 'Required' } }),
};
