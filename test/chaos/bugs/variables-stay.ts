import type { SeededBug } from './seeded-bug.ts';

export const variablesStay: SeededBug = {
  name: 'variables-stay',
  about: 'an addon with injected variables is let go at once',
  file: 'addon/lifecycle/finalizer.ts',
  find: 'return injected || deletionPolicyOf(addon)',
  replace: 'return (injected && false) || deletionPolicyOf(addon)',
  caughtBy: 'delete-retain/undisturbed',
};
