import type { SeededBug } from './seeded-bug.ts';

export const transitionTimesMove: SeededBug = {
  name: 'transition-times-move',
  about: 'lastTransitionTime moves with every status',
  file: 'kube/objects/conditions.ts',
  find: 'present?.status === next.status\n',
  replace: 'present?.status === next.status && present.observedGeneration === next.observedGeneration\n',
  caughtBy: 'plan-up/undisturbed',
};
