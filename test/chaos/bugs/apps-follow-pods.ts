import type { SeededBug } from './seeded-bug.ts';

export const appsFollowPods: SeededBug = {
  name: 'apps-follow-pods',
  about: 'an app is restarted with every pod of its database',
  file: 'addon/apps/revision.ts',
  find: `    plan: target.plan.name,
    version`,
  replace: `    plan: target.plan.name,
    pod: world.pod?.metadata.uid,
    version`,
  caughtBy: 'children-deleted/undisturbed',
};
