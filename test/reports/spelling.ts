import { expect } from 'vitest';
import { closedWindow } from '../integration/windows.ts';
import { addon, ADDON, condition, plan } from './place.ts';
import type { Scenario } from './scenario.ts';

/** Each after the one before it; the contract's neutral values, as somebody writes all of them out. */
const NEUTRAL: readonly (object | null)[] = [
  { affinity: {} },
  {
    nodeSelector: {},
    tolerations: [],
    affinity: {},
    priorityClassName: '',
    podLabels: {},
    podAnnotations: {},
  },
  { affinity: { nodeAffinity: {}, podAffinity: {}, podAntiAffinity: {} } },
  null,
];

export const spellingScenarios: readonly Scenario[] = [
  {
    name: 'an empty object in the placement is the same as none: no pod and no app is touched',
    sample: true,
    run: async (place) => {
      await place.bound();
      const before = await place.marks();
      const since = Date.now();
      for (const placement of NEUTRAL) {
        await place.edit({ placement });
        await place.settled();
        expect(await place.marks(), JSON.stringify(placement)).toEqual(before);
      }
      expect(await place.written(since)).toEqual([`patch influxaddons/status ${ADDON}`]);
    },
  },
  {
    name: 'a plan whose amounts are written in other units is the same plan: nothing waits and nothing restarts',
    run: async (place) => {
      const name = `spelled-${place.namespace}`;
      await place.apply(plan(name, {}, { maxSize: '64Mi' }));
      await place.bound({ plan: name });
      const before = await place.marks();
      const since = Date.now();
      const storage = { size: '32768Ki', maxSize: '65536Ki' };
      await place.patch(`influxplan/${name}`, {
        spec: { memory: '65536Ki', cpu: { request: '0.005', limit: '1000m' }, storage },
      });
      // A second one that runs by the plan shows that it was seen; and an edit that moves nothing, that the first was.
      await place.apply(addon({ plan: name }, 'later'));
      await place.settled('later');
      await place.edit({ maintenanceWindow: { ...closedWindow(), durationHours: 2 } });
      const first = await place.settled();
      expect(condition(first, 'MaintenancePending')).toMatchObject({
        status: 'False',
        reason: 'NothingPending',
      });
      expect(await place.marks()).toEqual(before);
      const written = (await place.written(since)).filter((write) => write.includes(ADDON));
      expect(written).toEqual([`patch influxaddons/status ${ADDON}`]);
    },
  },
];
