import type { Option } from './verb.ts';

/** What every verb takes. */
export const COMMON: Readonly<Record<string, Option>> = {
  namespace: { type: 'string', short: 'n', value: 'NAME', help: 'namespace; default: that of the context' },
  kubeconfig: { type: 'string', value: 'FILE', help: 'default: $KUBECONFIG or ~/.kube/config' },
  context: { type: 'string', value: 'NAME', help: 'context of the kubeconfig; default: the current one' },
  help: { type: 'boolean', short: 'h', help: 'says how a command is used' },
};

/** Of verbs that print objects. */
export const OUTPUT: Readonly<Record<string, Option>> = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['json', 'yaml', 'wide'],
    help: 'json or yaml: the objects as they are; wide: more columns',
  },
};

/** Of verbs that change something and then look on. */
export const WAITING: Readonly<Record<string, Option>> = {
  'no-wait': { type: 'boolean', help: 'return as soon as the change is stored' },
  timeout: { type: 'string', value: 'SECONDS', help: 'how long to wait; default 600' },
};

/** Of verbs that say first what they will do. */
export const PREVIEW: Readonly<Record<string, Option>> = {
  'dry-run': { type: 'boolean', help: 'only say what would happen' },
};
