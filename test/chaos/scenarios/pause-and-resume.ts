import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { readyReason } from './ends.ts';

export const pauseAndResume: Scenario = {
  name: 'pause-and-resume',
  about: 'a plan change is asked for while everything is paused',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    await stage.annotate({ 'influxaddon.dev/paused': 'true' });
    await stage.settled('paused', () => readyReason(stage) === 'Paused');
    await stage.edit({ plan: '1g' });
    await stage.annotate({ 'influxaddon.dev/paused': null });
  },
};
