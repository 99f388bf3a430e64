import { Readable } from 'node:stream';
import { type AddonKey, Refused, type Tool, type Visitor } from '../../dashboard/visitor.ts';
import type { Command, Outcome } from '../../dashboard/wire.ts';
import { CliError, EXIT, type ExitCode } from '../cli-error.ts';
import { checked } from '../command/parse.ts';
import type { Cluster, Verb } from '../command/verb.ts';
import { findAddon } from '../edits/find.ts';
import { story } from '../output/story.ts';
import { settings } from '../verbs/addon/info.ts';
import { connectionUrl } from '../verbs/apps/env.ts';
import { downloadOf } from '../verbs/data/downloadable.ts';
import { pageVerb } from './verbs.ts';

/** This tool, as the page in the browser uses it: the same rules, the same edits, the same words. */
export const TOOL: Tool = {
  story,
  settings,
  // Whoever sees the page of the operator has a kubeconfig of their own.
  download: (backup) => downloadOf(backup),
  url: (visitor, addon) =>
    refusing(async () => {
      const cluster = clusterOf(visitor, addon);
      return await connectionUrl(cluster, await findAddon(cluster, addon.name));
    }),
  run: (visitor, addon, command, signal) => refusing(() => run(visitor, addon, command, signal)),
};

async function run(
  visitor: Visitor,
  addon: AddonKey,
  command: Command,
  signal: AbortSignal,
): Promise<Outcome> {
  const found = pageVerb(command.verb);
  if (found === undefined) throw new CliError(EXIT.usage, `${command.verb} is nothing that the page may do`);
  const { verb, options } = found;
  const given = checked(verb, valuesOf(verb, options, addon, command), wordsOf(verb, addon, command));
  const outcome: { said: string[]; noted: string[] } = { said: [], noted: [] };
  const cluster = Promise.resolve(clusterOf(visitor, addon));
  const perform = await verb.load();
  await perform({
    verb,
    given,
    signal,
    now: () => new Date(),
    cluster: () => cluster,
    terminal: {
      say: (line) => void outcome.said.push(line),
      note: (line) => void outcome.noted.push(line),
      write: (text) => void outcome.said.push(String(text)),
      // A page asks before it sends.
      ask: undefined,
      environment: {},
      stdin: Readable.from([]),
    },
  });
  return outcome;
}

/** The words behind the verb: the addon comes first, but for a restore, whose backup does. */
function wordsOf(verb: Verb, { name }: AddonKey, { arguments: words = [] }: Command): string[] {
  return verb.arguments[0]?.kind === 'addon' ? [name, ...words] : [...words];
}

/** The page looks on by itself. */
function valuesOf(
  verb: Verb,
  allowed: readonly string[],
  { name }: AddonKey,
  { options = {} }: Command,
): Record<string, string | boolean | string[]> {
  const values: Record<string, string | boolean | string[]> = {};
  for (const [option, value] of Object.entries(options)) {
    const type = allowed.includes(option) ? verb.options[option]?.type : undefined;
    if (type === undefined) throw new CliError(EXIT.usage, `${verb.name} takes no --${option} from the page`);
    const is = typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : 'strings';
    if (is !== type) throw new CliError(EXIT.usage, `--${option} of ${verb.name} is another kind of value`);
    values[option] = typeof value === 'object' ? [...value] : value;
  }
  if (verb.options['no-wait'] !== undefined) values['no-wait'] = true;
  if (verb.options['into'] !== undefined && values['new'] === undefined) values['into'] = name;
  return values;
}

/** The cluster of the kubeconfig, as the page sees it. */
export function visitorOf(cluster: Cluster): Visitor {
  return {
    client: cluster.client,
    namespace: cluster.namespace,
    text: (...args) => cluster.text(...args),
    json: (...args) => cluster.json(...args),
    forward: (options) => cluster.forward(options),
  };
}

function clusterOf(visitor: Visitor, { namespace }: AddonKey): Cluster {
  return {
    client: visitor.client,
    namespace,
    text: (path, query, signal) => visitor.text(path, query, signal),
    json: (path, signal) => visitor.json(path, signal),
    forward: (options) => visitor.forward({ namespace, ...options }),
    close: async () => {},
  };
}

const STATUS: Readonly<Record<ExitCode, number>> = {
  [EXIT.done]: 200,
  [EXIT.refused]: 422,
  [EXIT.usage]: 400,
  [EXIT.notFound]: 404,
  [EXIT.notReached]: 409,
  [EXIT.forbidden]: 403,
  [EXIT.unreachable]: 502,
};

async function refusing<T>(what: () => Promise<T>): Promise<T> {
  try {
    return await what();
  } catch (error) {
    const { exitCode, message } = CliError.from(error);
    throw new Refused(STATUS[exitCode], message, { cause: error });
  }
}
