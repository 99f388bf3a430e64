import { WAITING } from '../../command/common-options.ts';
import { ADDON, APP, INJECT } from '../../command/shared.ts';
import type { Verb } from '../../command/verb.ts';

export const APP_VERBS: readonly Verb[] = [
  {
    name: 'env',
    summary: 'the variables of an addon, without the password',
    arguments: [ADDON],
    options: { show: { type: 'boolean', help: 'with the password' } },
    examples: ['env metrics'],
    load: async () => (await import('./env.ts')).run,
  },
  {
    name: 'url',
    summary: 'the connection URL, with the password',
    arguments: [ADDON],
    options: {},
    examples: ['url metrics'],
    load: async () => (await import('./url.ts')).run,
  },
  {
    name: 'bind',
    summary: 'names a workload that uses the database',
    arguments: [ADDON, APP],
    options: {
      inject: INJECT,
      container: { type: 'strings', value: 'NAME', help: 'with --inject: only into these; may be repeated' },
      ...WAITING,
    },
    examples: ['bind metrics web --inject', 'bind metrics statefulset/worker'],
    load: async () => (await import('./bind.ts')).run,
  },
  {
    name: 'unbind',
    summary: 'names it no longer; injected variables are taken out',
    arguments: [ADDON, APP],
    options: WAITING,
    examples: ['unbind metrics web'],
    load: async () => (await import('./unbind.ts')).run,
  },
];
