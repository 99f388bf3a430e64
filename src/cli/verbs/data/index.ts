import { OUTPUT, WAITING } from '../../command/common-options.ts';
import { ADDON, CONFIRM, text } from '../../command/shared.ts';
import type { Option, Verb } from '../../command/verb.ts';

const ALLOW_LOSS: Option = { type: 'boolean', help: 'also if points are lost by that' };

export const DATA_VERBS: readonly Verb[] = [
  {
    name: 'users list',
    summary: 'the further users of a database',
    arguments: [ADDON],
    options: {},
    examples: ['users list metrics'],
    load: async () => (await import('./users.ts')).list,
  },
  {
    name: 'users add',
    summary: 'adds a user, or changes what it may do',
    arguments: [ADDON, text('USER')],
    options: {
      access: { type: 'string', value: 'ACCESS', choices: ['Read', 'Write', 'All'], help: 'default Read' },
      ...WAITING,
    },
    examples: ['users add metrics grafana --access Read'],
    load: async () => (await import('./users.ts')).add,
  },
  {
    name: 'users remove',
    summary: 'drops a user',
    arguments: [ADDON, text('USER')],
    options: WAITING,
    examples: ['users remove metrics grafana'],
    load: async () => (await import('./users.ts')).remove,
  },
  {
    name: 'retention list',
    summary: 'the retention policies of a database',
    arguments: [ADDON],
    options: {},
    examples: ['retention list metrics'],
    load: async () => (await import('./retention.ts')).list,
  },
  {
    name: 'retention set',
    summary: 'adds a retention policy, or changes it',
    arguments: [ADDON, text('POLICY'), text('DURATION')],
    options: {
      'shard-duration': { type: 'string', value: 'DURATION', help: 'length of a shard group' },
      default: { type: 'boolean', help: 'writes that name no policy go there' },
      'allow-data-loss': ALLOW_LOSS,
      ...WAITING,
    },
    examples: ['retention set metrics one_week 7d --default'],
    load: async () => (await import('./retention.ts')).set,
  },
  {
    name: 'retention remove',
    summary: 'drops a retention policy',
    arguments: [ADDON, text('POLICY')],
    options: { 'allow-data-loss': ALLOW_LOSS, ...WAITING },
    examples: ['retention remove metrics one_week --allow-data-loss'],
    load: async () => (await import('./retention.ts')).remove,
  },
  {
    name: 'backups list',
    summary: 'the backups of an addon, or of the namespace',
    arguments: [{ ...ADDON, optional: true }],
    options: OUTPUT,
    examples: ['backups list metrics'],
    load: async () => (await import('./backups.ts')).list,
  },
  {
    name: 'backups create',
    summary: 'takes a backup now',
    arguments: [ADDON],
    options: {
      name: { type: 'string', value: 'NAME', help: 'default: the name of the addon and the time' },
      ...WAITING,
    },
    examples: ['backups create metrics --name before-the-sale'],
    load: async () => (await import('./backups.ts')).create,
  },
  {
    name: 'backups download',
    summary: 'fetches a backup to this machine, and decrypts it',
    arguments: [{ name: 'BACKUP', kind: 'backup' }],
    options: {
      file: {
        type: 'string',
        short: 'f',
        value: 'FILE',
        help: 'default: BACKUP.tar.gz, with .age if encrypted',
      },
      identity: { type: 'string', short: 'i', value: 'FILE', help: 'private key of age that decrypts it' },
      endpoint: { type: 'string', value: 'URL', help: 'of the store, where it has another one from here' },
    },
    examples: ['backups download before-the-sale -i key.txt'],
    load: async () => (await import('./download.ts')).run,
  },
  {
    name: 'backups restore',
    summary: 'restores a backup into an addon, or into a new one',
    arguments: [{ name: 'BACKUP', kind: 'backup' }],
    options: {
      into: { type: 'string', value: 'ADDON', help: 'the addon whose data is replaced' },
      confirm: CONFIRM,
      new: { type: 'string', value: 'NAME', help: 'the name of an addon that is made' },
      plan: { type: 'string', value: 'PLAN', help: 'of the new addon; default: that of the backup' },
      ...WAITING,
    },
    examples: [
      'backups restore before-the-sale --into metrics --confirm metrics_3707',
      'backups restore before-the-sale --new metrics-copy',
    ],
    load: async () => (await import('./backups.ts')).restore,
  },
  {
    name: 'console',
    summary:
      'InfluxQL on the database: the influx of this machine if it is one of InfluxDB 1.x, else a small one of its own',
    arguments: [ADDON],
    options: {
      execute: { type: 'string', short: 'e', value: 'QUERY', help: 'run this and end' },
      format: { type: 'string', value: 'FORMAT', choices: ['column', 'csv', 'json'], help: 'default column' },
      builtin: { type: 'boolean', help: 'not the influx of this machine' },
    },
    examples: ['console metrics', "console metrics -e 'SHOW MEASUREMENTS'"],
    load: async () => (await import('./console.ts')).run,
  },
  {
    name: 'tunnel',
    summary: 'a port of this machine that leads to the database',
    arguments: [ADDON],
    options: {
      port: { type: 'string', short: 'p', value: 'PORT', help: 'default 10000; 0 for any free one' },
    },
    examples: ['tunnel metrics', 'tunnel metrics -p 8086'],
    load: async () => (await import('./tunnel.ts')).run,
  },
  {
    name: 'logs',
    summary: 'what the engine logs',
    arguments: [ADDON],
    options: {
      lines: { type: 'string', value: 'COUNT', help: 'the last so many; default 100' },
      follow: { type: 'boolean', short: 'f', help: 'go on until Ctrl-C' },
      previous: { type: 'boolean', short: 'p', help: 'of the container before the present one' },
      timestamps: { type: 'boolean', help: 'with the time of each line' },
      container: { type: 'string', value: 'NAME', help: 'default influxdb' },
    },
    examples: ['logs metrics -f'],
    load: async () => (await import('./logs.ts')).run,
  },
];
