import { OUTPUT } from '../../command/common-options.ts';
import type { Verb } from '../../command/verb.ts';

export const CATALOGUE_VERBS: readonly Verb[] = [
  {
    name: 'plans',
    summary: 'the plans of the catalogue',
    arguments: [],
    options: OUTPUT,
    examples: ['plans', 'plans -o wide'],
    load: async () => (await import('./plans.ts')).run,
  },
  {
    name: 'versions',
    summary: 'the versions of the engine in the catalogue',
    arguments: [],
    options: OUTPUT,
    examples: ['versions'],
    load: async () => (await import('./versions.ts')).run,
  },
];
