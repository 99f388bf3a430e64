import { Secret } from '../../../src/kube/objects/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const adminSecretDeleted: Scenario = {
  name: 'admin-secret-deleted',
  about: 'the Secret with the durable facts is deleted',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.delete(Secret, `${ADDON}-influx-admin`),
};
