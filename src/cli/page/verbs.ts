import type { Verb } from '../command/verb.ts';
import { CONFIG_VERB } from '../verbs/addon/config-options.ts';
import { ADDON_VERBS } from '../verbs/addon/index.ts';
import { OPERATE_VERBS } from '../verbs/addon/operate.ts';
import { DATA_VERBS } from '../verbs/data/index.ts';

/**
 * What the page may do, and with which options. It deletes no database. No option that names a file of this machine, no other cluster and no
 * other namespace: a page is not trusted with what a terminal is.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  plan: ['dry-run'],
  upgrade: ['dry-run'],
  config: Object.keys(CONFIG_VERB.options).filter((name) => name !== 'timeout'),
  restart: [],
  stop: [],
  start: [],
  pause: [],
  resume: [],
  maintain: [],
  rotate: [],
  'users add': ['access'],
  'users remove': [],
  'retention set': ['shard-duration', 'default', 'allow-data-loss'],
  'retention remove': ['allow-data-loss'],
  'backups create': ['name'],
  'backups restore': ['confirm', 'new', 'plan'],
};

const VERBS: readonly Verb[] = [...ADDON_VERBS, CONFIG_VERB, ...OPERATE_VERBS, ...DATA_VERBS];

/** Undefined when the page may not. */
export function pageVerb(
  name: string,
): { readonly verb: Verb; readonly options: readonly string[] } | undefined {
  const verb = VERBS.find((each) => each.name === name);
  const options = Object.hasOwn(ALLOWED, name) ? ALLOWED[name] : undefined;
  return verb === undefined || options === undefined ? undefined : { verb, options };
}
