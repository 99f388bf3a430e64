import type { Verb } from '../../command/verb.ts';

export const DASHBOARD_VERB: Verb = {
  name: 'dashboard',
  summary: 'serves a page on this machine that shows the addons and changes them, until Ctrl-C',
  arguments: [],
  options: {
    port: { type: 'string', short: 'p', value: 'PORT', help: 'default: any free one' },
    'no-open': { type: 'boolean', help: 'only print the address' },
  },
  examples: ['dashboard', 'dashboard -n shop --port 8080 --no-open'],
  load: async () => (await import('./run.ts')).run,
};
