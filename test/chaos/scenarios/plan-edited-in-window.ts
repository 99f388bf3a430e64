import { isOver } from '../lab/settled.ts';
import { INJECTED, OPEN } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { memoryOf } from './ends.ts';

export const planEditedInWindow: Scenario = {
  name: 'plan-edited-in-window',
  about: 'the plan of the catalogue is edited while the window is open',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    const plan = await stage.plan('512m');
    await stage.addon({ apps: [...INJECTED], plan, maintenanceWindow: OPEN });
  },
  act: async (stage) => await stage.editPlan({ memory: '768Mi' }),
  done: (stage) => isOver(stage.lab.recorder, stage.namespace) && memoryOf(stage) === '768Mi',
};
