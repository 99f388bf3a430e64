import { isOver } from '../lab/settled.ts';
import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { isPending } from './ends.ts';

export const patchMaintainedNow: Scenario = {
  name: 'patch-maintained-now',
  about: 'a patch of the version comes into the catalogue, and the user does not wait for the window',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED], version: '1.8' });
    await stage.settled();
    await stage.patchVersion();
    await stage.settled('pending', () => isPending(stage));
  },
  act: async (stage) => await stage.annotate({ 'influxaddon.dev/maintain-now': 'now' }),
  done: (stage) => isOver(stage.lab.recorder, stage.namespace) && !isPending(stage),
};
