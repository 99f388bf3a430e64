import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const internetAccess: Scenario = {
  name: 'internet-access',
  about: 'a database with TLS is opened to the outside, and closed again',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], tls: { mode: 'Required' } });
  },
  act: async (stage) => {
    await stage.edit({ internetAccess: { mode: 'NodePort', allowedCIDRs: ['203.0.113.0/24'] } });
    await stage.settled();
    await stage.edit({ internetAccess: { mode: 'Disabled' } });
  },
};
