import { WAITING } from '../../command/common-options.ts';
import { ADDON } from '../../command/shared.ts';
import type { Verb } from '../../command/verb.ts';

export const OPERATE_VERBS: readonly Verb[] = [
  {
    name: 'restart',
    summary: 'stops and starts the database once',
    arguments: [ADDON],
    options: WAITING,
    examples: ['restart metrics'],
    load: async () => (await import('./annotations.ts')).restart,
  },
  {
    name: 'stop',
    summary: 'scales the database to zero; data and Secrets stay',
    arguments: [ADDON],
    options: WAITING,
    examples: ['stop metrics'],
    load: async () => (await import('./state.ts')).stop,
  },
  {
    name: 'start',
    summary: 'starts it again',
    arguments: [ADDON],
    options: WAITING,
    examples: ['start metrics'],
    load: async () => (await import('./state.ts')).start,
  },
  {
    name: 'pause',
    summary: 'keeps the operator from doing anything about an addon',
    arguments: [ADDON],
    options: {},
    examples: ['pause metrics'],
    load: async () => (await import('./annotations.ts')).pause,
  },
  {
    name: 'resume',
    summary: 'ends that',
    arguments: [ADDON],
    options: {},
    examples: ['resume metrics'],
    load: async () => (await import('./annotations.ts')).resume,
  },
  {
    name: 'maintain',
    summary: 'brings now what waits for the maintenance window',
    arguments: [ADDON],
    options: WAITING,
    examples: ['maintain metrics'],
    load: async () => (await import('./annotations.ts')).maintain,
  },
  {
    name: 'rotate',
    summary: 'changes the credentials',
    arguments: [ADDON],
    options: WAITING,
    examples: ['rotate metrics'],
    load: async () => (await import('./annotations.ts')).rotate,
  },
  {
    name: 'report',
    summary: 'a bundle for support, without secrets',
    arguments: [ADDON],
    options: { file: { type: 'string', short: 'f', value: 'FILE', help: 'default: ADDON-report.tar.gz' } },
    examples: ['report metrics'],
    load: async () => (await import('../data/report.ts')).run,
  },
];
