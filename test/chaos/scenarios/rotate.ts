import { InfluxAddon } from '../../../src/api/kinds.ts';
import { ADDON, INJECTED, type Stage } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { readyReason } from './ends.ts';

const TOKEN = 'now';

export const rotate: Scenario = {
  name: 'rotate',
  about: 'all credentials are changed: one more password, one restart of the app',
  engine: 'Real',
  allows: { passwords: 1 },
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => await stage.annotate({ 'influxaddon.dev/rotate': TOKEN }),
  done: isRotated,
};

export const rotateWithPlan: Scenario = {
  ...rotate,
  name: 'rotate-with-plan',
  engine: 'Fake',
  about: 'all credentials are changed, and the plan: one stop of the database and one restart of the app',
  act: async (stage) => {
    await stage.annotate({ 'influxaddon.dev/rotate': TOKEN });
    await stage.edit({ plan: '1g' });
  },
};

function isRotated(stage: Stage): boolean {
  const { status } = stage.seen(InfluxAddon, ADDON) ?? {};
  return (
    readyReason(stage) === 'Ready' && status?.lastHandled?.rotate === TOKEN && status.rotation === undefined
  );
}
