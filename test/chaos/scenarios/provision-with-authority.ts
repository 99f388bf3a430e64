import type { Scenario } from '../scenario.ts';

export const provisionWithAuthority: Scenario = {
  name: 'provision-with-authority',
  about: 'the first addon of all, with TLS: the authority of the databases is made',
  engine: 'Fake',
  ownAuthority: true,
  act: async (stage) => await stage.addon({ tls: { mode: 'Required' } }),
};
