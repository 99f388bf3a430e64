import type { SeededBug } from './seeded-bug.ts';

export const statusOverAnything: SeededBug = {
  name: 'status-over-anything',
  about: 'a status is written over whatever the addon has become',
  file: 'kube/api/client.ts',
  find: '      metadata: { uid, resourceVersion },\n      ...given({ status',
  replace:
    "      metadata: { uid, ...(resourceVersion === '' ? { resourceVersion } : {}) },\n      ...given({ status",
  caughtBy: 'plan-there-and-back/stale/StatefulSet/my-app-influx~1',
};
