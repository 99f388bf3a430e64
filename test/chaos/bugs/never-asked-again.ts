import type { SeededBug } from './seeded-bug.ts';

export const neverAskedAgain: SeededBug = {
  name: 'never-asked-again',
  about: 'the database is asked once and never again',
  file: 'addon/database/state.ts',
  find: 'export const CHECK_INTERVAL_MS = 40_000;',
  replace: 'export const CHECK_INTERVAL_MS = 40_000_000;',
  caughtBy: 'database-drifts/undisturbed',
};
