import { OUTPUT, PREVIEW, WAITING } from '../../command/common-options.ts';
import { ADDON, CONFIRM, INJECT, text } from '../../command/shared.ts';
import type { Verb } from '../../command/verb.ts';

export const ADDON_VERBS: readonly Verb[] = [
  {
    name: 'add',
    summary: 'makes an addon; prints its id and the variables',
    arguments: [text('NAME'), { name: 'PLAN', kind: 'plan' }],
    options: {
      version: {
        type: 'string',
        value: 'VERSION',
        help: 'a minor or an exact version; default: of the catalogue',
      },
      app: {
        type: 'strings',
        value: 'APP',
        help: 'a workload that uses it: NAME or KIND/NAME; may be repeated',
      },
      inject: INJECT,
      tls: { type: 'boolean', help: 'the database listens with TLS' },
      'backup-store': { type: 'string', value: 'NAME', help: 'the InfluxBackupStore for daily backups' },
      'from-backup': { type: 'string', value: 'BACKUP', help: 'the backup that it is filled with' },
      ...OUTPUT,
      ...WAITING,
    },
    examples: ['add metrics 1g', 'add metrics 1g --app web --inject --tls'],
    load: async () => (await import('./add.ts')).run,
  },
  {
    name: 'list',
    summary: 'the addons of the namespace',
    arguments: [],
    options: {
      'all-namespaces': { type: 'boolean', short: 'A', help: 'those of all namespaces' },
      ...OUTPUT,
    },
    examples: ['list', 'list -A -o wide'],
    load: async () => (await import('./list.ts')).run,
  },
  {
    name: 'info',
    summary: 'what an addon is and how it is set',
    arguments: [ADDON],
    options: OUTPUT,
    examples: ['info metrics', 'info metrics_3707 -o yaml'],
    load: async () => (await import('./info.ts')).run,
  },
  {
    name: 'status',
    summary: 'what happens now, why, and what is next',
    arguments: [ADDON],
    options: OUTPUT,
    examples: ['status metrics'],
    load: async () => (await import('./status.ts')).run,
  },
  {
    name: 'plan',
    summary: 'changes the plan, after saying what will be restarted',
    arguments: [ADDON, { name: 'PLAN', kind: 'plan' }],
    options: { ...PREVIEW, ...WAITING },
    examples: ['plan metrics 2g --dry-run', 'plan metrics 2g'],
    load: async () => (await import('./plan.ts')).run,
  },
  {
    name: 'upgrade',
    summary: 'upgrades the engine; without a version it lists what is possible, and why the rest is not',
    arguments: [ADDON, { name: 'VERSION', kind: 'version', optional: true }],
    options: { ...PREVIEW, ...WAITING },
    examples: ['upgrade metrics', 'upgrade metrics 1.8.10'],
    load: async () => (await import('./upgrade.ts')).run,
  },
  {
    name: 'remove',
    summary: 'deletes an addon, by its deletion policy',
    arguments: [ADDON],
    options: { confirm: CONFIRM, ...WAITING },
    examples: ['remove metrics --confirm metrics_3707'],
    load: async () => (await import('./remove.ts')).run,
  },
];
