import type { SeededBug } from './seeded-bug.ts';

export const expiredWatchGoesOn: SeededBug = {
  name: 'expired-watch-goes-on',
  about: 'a watch that is too old is asked for again as it is',
  file: 'kube/store/reflector.ts',
  find: `if (failure?.isGone || failure?.reason === 'Expired') {`,
  replace: `if (failure?.isGone === true && failure.reason === 'never') {`,
  caughtBy: 'children-deleted/relist/StatefulSet/my-app-influx~1',
};
