import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { giveCertificate } from './certificate.ts';

export const ownCertificate: Scenario = {
  name: 'own-certificate',
  about: 'a certificate of the user replaces that of the operator',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], tls: { mode: 'Required' } });
  },
  act: async (stage) => {
    await giveCertificate(stage, 'mine');
    await stage.edit({ tls: { mode: 'Required', certificateRef: { name: 'mine' } } });
  },
};
