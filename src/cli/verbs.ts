import type { Verb } from './command/verb.ts';
import { CONFIG_VERB } from './verbs/addon/config-options.ts';
import { ADDON_VERBS } from './verbs/addon/index.ts';
import { OPERATE_VERBS } from './verbs/addon/operate.ts';
import { APP_VERBS } from './verbs/apps/index.ts';
import { CATALOGUE_VERBS } from './verbs/catalogue/index.ts';
import { DASHBOARD_VERB } from './verbs/dashboard/index.ts';
import { DATA_VERBS } from './verbs/data/index.ts';

/** Every verb: what parsing, help, completion and the documentation are made from. */
export const VERBS: readonly Verb[] = [
  ...CATALOGUE_VERBS,
  ...ADDON_VERBS,
  CONFIG_VERB,
  ...APP_VERBS,
  ...DATA_VERBS,
  ...OPERATE_VERBS,
  DASHBOARD_VERB,
  {
    name: 'completion',
    summary: 'prints a script that completes commands in a shell',
    arguments: [{ name: 'SHELL', kind: 'text' }],
    options: {},
    examples: ['completion bash'],
    load: async () => (await import('./verbs/completion.ts')).run,
  },
];
