import type { SeededBug } from './seeded-bug.ts';

export const deletesWithoutPreconditions: SeededBug = {
  name: 'deletes-without-preconditions',
  about: 'a deletion takes whatever has the name by now',
  shape: 'rabbitmq/cluster-operator 648: an addon seen as it was deletes what its successor made',
  file: 'kube/api/client.ts',
  find: 'const preconditions = given({ uid, resourceVersion });',
  replace:
    'const preconditions = given({ uid: uid && undefined, resourceVersion: resourceVersion && undefined });',
  caughtBy: 'delete-and-recreate/stale/InfluxAddon/my-app~1',
};
