import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const tlsOff: Scenario = {
  name: 'tls-off',
  about: 'TLS is switched off',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], tls: { mode: 'Required' } });
  },
  act: async (stage) => await stage.edit({ tls: { mode: 'Disabled' } }),
};
