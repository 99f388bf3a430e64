import type { SeededBug } from './seeded-bug.ts';

export const statusOverAnything: SeededBug = {
  name: 'status-over-anything',
  about: 'a status is written over whatever the addon has become',
  file: 'addon/reconcile.ts',
  find: `const metadata = { name, namespace: namespace ?? '', uid, resourceVersion };`,
  replace: `const metadata = { name, namespace: namespace ?? '', uid, ...(resourceVersion === '' ? { resourceVersion } : {}) };`,
  caughtBy: 'plan-there-and-back/stale/StatefulSet/my-app-influx~1',
};
