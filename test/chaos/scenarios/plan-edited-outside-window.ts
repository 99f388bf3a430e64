import { INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { isPending, memoryOf } from './ends.ts';

export const planEditedOutsideWindow: Scenario = {
  name: 'plan-edited-outside-window',
  about: 'the plan of the catalogue is edited while no window is open: it waits',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    const plan = await stage.plan('512m');
    await stage.addon({ apps: [...INJECTED], plan });
  },
  act: async (stage) => await stage.editPlan({ memory: '768Mi' }),
  done: (stage) => isPending(stage) && memoryOf(stage) === '512Mi',
};
