import type { SeededBug } from './seeded-bug.ts';

export const deletesByDefault: SeededBug = {
  name: 'deletes-by-default',
  about: 'data is deleted where nobody said what becomes of it',
  file: 'api/addon-defaults.ts',
  find: `return spec.deletionPolicy ?? 'Retain';`,
  replace: `return spec.deletionPolicy ?? 'Delete';`,
  caughtBy: 'delete-retain/undisturbed',
};
