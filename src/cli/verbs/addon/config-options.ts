import { WEEKDAYS } from '../../../api/addon-defaults.ts';
import { PREVIEW, WAITING } from '../../command/common-options.ts';
import { ADDON } from '../../command/shared.ts';
import type { Verb } from '../../command/verb.ts';

const SWITCH = ['Enabled', 'Disabled'] as const;

export const CONFIG_VERB: Verb = {
  name: 'config',
  summary: 'shows the settings, or changes those that are given',
  arguments: [ADDON],
  options: {
    'window-day': {
      type: 'string',
      value: 'DAY',
      choices: WEEKDAYS,
      help: 'weekday of the maintenance window',
    },
    'window-hour': { type: 'string', value: '0-23', help: 'hour at which it opens, UTC' },
    'window-hours': { type: 'string', value: '1-24', help: 'how long it is open' },
    tls: { type: 'string', value: 'MODE', choices: ['Required', 'Disabled'], help: 'TLS of the database' },
    certificate: {
      type: 'string',
      value: 'SECRET',
      help: 'a certificate of your own; none: of the operator',
    },
    internet: {
      type: 'string',
      value: 'MODE',
      choices: ['Disabled', 'LoadBalancer', 'NodePort'],
      help: 'access from outside the cluster',
    },
    allow: { type: 'strings', value: 'CIDR', help: 'from where; may be repeated' },
    hostname: {
      type: 'strings',
      value: 'NAME',
      help: 'a further name in the certificate; may be repeated',
    },
    access: {
      type: 'string',
      value: 'POLICY',
      choices: ['Namespace', 'Bound', 'Open'],
      help: 'which pods may connect',
    },
    'backup-store': { type: 'string', value: 'NAME', help: 'the InfluxBackupStore; none: no backups' },
    'backup-schedule': { type: 'string', value: 'MODE', choices: SWITCH, help: 'the daily backup' },
    'backup-hour': { type: 'string', value: '0-23', help: 'its hour, UTC' },
    'backup-verify': {
      type: 'string',
      value: 'HOW',
      choices: ['Weekly', 'Never'],
      help: 'whether backups are restored for a test',
    },
    'auto-grow': { type: 'string', value: 'MODE', choices: SWITCH, help: 'growth of the volume by itself' },
    'deletion-policy': {
      type: 'string',
      value: 'POLICY',
      choices: ['Retain', 'Backup', 'Delete'],
      help: 'what stays of a deleted addon',
    },
    'deletion-protection': {
      type: 'string',
      value: 'MODE',
      choices: SWITCH,
      help: 'whether deleting is refused',
    },
    ...PREVIEW,
    ...WAITING,
  },
  examples: [
    'config metrics',
    'config metrics --window-day Tuesday --window-hour 21 --window-hours 8',
    'config metrics --tls Required --internet LoadBalancer --allow 203.0.113.0/24',
    'config metrics --backup-store nightly --backup-hour 3',
  ],
  load: async () => (await import('./config.ts')).run,
};
