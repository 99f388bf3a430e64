import { Secret } from '../../../src/kube/objects/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { readyReason } from './ends.ts';

export const everySecretDeleted: Scenario = {
  name: 'every-secret-deleted',
  about: 'every copy of the password is deleted: a new one, one restart of the app',
  engine: 'Fake',
  allows: { passwords: 1 },
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    await stage.annotate({ 'influxaddon.dev/paused': 'true' });
    await stage.settled('paused', () => readyReason(stage) === 'Paused');
    for (const name of ['', '-admin', '-binding']) await stage.delete(Secret, `${ADDON}-influx${name}`);
    await stage.annotate({ 'influxaddon.dev/paused': null });
  },
};
