import { parseArgs } from 'node:util';
import { InfluxAddon, InfluxBackup, InfluxPlan, InfluxVersion } from '../../api/kinds.ts';
import { Deployment } from '../../kube/objects/kinds.ts';
import { COMMON } from './common-options.ts';
import { Given } from './given-options.ts';
import type { ArgumentKind, Cluster, Terminal, Verb } from './verb.ts';
import { VERBS } from '../verbs.ts';

const KINDS = {
  addon: InfluxAddon,
  app: Deployment,
  backup: InfluxBackup,
  plan: InfluxPlan,
  version: InfluxVersion,
} as const;

/** What may stand for the last of the words, which may be empty or a beginning. Never an error: then nothing is offered. */
export async function complete(
  line: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string[]> {
  const words = withoutEquals(line);
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const offered = offer(before, VERBS, last.startsWith('-'));
  const names = Array.isArray(offered)
    ? offered
    : await namesOf(offered, before, terminal, signal).catch(() => []);
  return [...new Set(names)].filter((name) => name.startsWith(last)).toSorted();
}

/** For bash `--tls=Required` is three words, for us two. */
function withoutEquals(line: readonly string[]): string[] {
  const isEquals = (index: number): boolean =>
    line[index] === '=' && line[index - 1]?.startsWith('--') === true;
  const words = line.filter((_, index) => !isEquals(index));
  return isEquals(line.length - 1) ? [...words, ''] : words;
}

/**
 * Words, or the kind of objects whose names are offered. Pure.
 * @param dashed an option is begun, which may stand anywhere but where the value of another one belongs
 */
export function offer(
  before: readonly string[],
  verbs: readonly Verb[],
  dashed = false,
): string[] | ArgumentKind {
  const verb =
    verbs.find(({ name }) => name === before.slice(0, 2).join(' ')) ??
    verbs.find(({ name }) => name === before[0]);
  if (verb === undefined) {
    const parts = before.length;
    const matching = verbs.filter(
      ({ name }) => name.split(' ').slice(0, parts).join(' ') === before.join(' '),
    );
    return matching.map(({ name }) => name.split(' ')[parts] ?? '').filter((word) => word !== '');
  }
  const options = { ...COMMON, ...verb.options };
  const rest = before.slice(verb.name.split(' ').length);
  const valued = (word: string | undefined): boolean => {
    const name = optionOf(word, options);
    return name !== undefined && options[name]?.type !== 'boolean';
  };
  const previous = optionOf(rest.at(-1), options);
  if (previous !== undefined && valued(rest.at(-1))) {
    if (previous === 'into') return 'addon';
    if (previous === 'plan' || previous === 'version') return previous;
    return [...(options[previous]?.choices ?? [])];
  }
  if (dashed) return Object.keys(options).map((name) => `--${name}`);
  const positionals = rest.filter((word, index) => !word.startsWith('-') && !valued(rest[index - 1]));
  const argument = verb.arguments[positionals.length];
  if (verb.name === 'completion') return positionals.length === 0 ? ['bash', 'fish', 'zsh'] : [];
  if (argument === undefined || argument.kind === 'text')
    return Object.keys(options).map((name) => `--${name}`);
  return argument.kind;
}

function optionOf(
  word: string | undefined,
  options: Readonly<Record<string, { short?: string }>>,
): string | undefined {
  if (word === undefined || !word.startsWith('-')) return undefined;
  return Object.keys(options).find((name) => word === `--${name}` || word === `-${options[name]?.short}`);
}

async function namesOf(
  kind: ArgumentKind,
  before: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string[]> {
  if (kind === 'text') return [];
  const { connect } = await import('../cluster.ts');
  const cluster: Cluster = await connect(whereOf(before), terminal.environment);
  try {
    const { namespace } = cluster;
    const of = KINDS[kind];
    const { items } = await cluster.client.list<object & { metadata?: { name?: string } }>(
      of,
      of.namespaced ? { namespace } : {},
      AbortSignal.any([signal, AbortSignal.timeout(3_000)]),
    );
    return items.map(({ metadata }) => metadata.name);
  } finally {
    await cluster.close();
  }
}

/** What a line that is not whole says of the cluster, in every spelling of options. Pure. */
export function whereOf(before: readonly string[]): Given {
  const options = {
    namespace: { type: 'string', short: 'n' },
    kubeconfig: { type: 'string' },
    context: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args: [...before], options, strict: false });
  return new Given(values, []);
}
