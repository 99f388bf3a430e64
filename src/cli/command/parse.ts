import { parseArgs } from 'node:util';
import { CliError, EXIT } from '../cli-error.ts';
import { Given } from './given-options.ts';
import { COMMON } from './common-options.ts';
import type { Option, Verb } from './verb.ts';

export type Parsed =
  | { readonly kind: 'run'; readonly verb: Verb; readonly given: Given }
  | { readonly kind: 'help'; readonly verb: Verb | undefined };

/** Finds the verb and reads its options, which may stand anywhere. Throws CliError (usage). */
export function parse(argv: readonly string[], verbs: readonly Verb[]): Parsed {
  const [first, second] = argv;
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    const verb = verbs.find(({ name }) => name === argv.slice(1).join(' '));
    return { kind: 'help', verb: first === 'help' ? verb : undefined };
  }
  const verb =
    verbs.find(({ name }) => name === `${first} ${second}`) ?? verbs.find(({ name }) => name === first);
  if (verb === undefined) throw new CliError(EXIT.usage, unknownVerb(first, second, verbs));
  const rest = argv.slice(verb.name.split(' ').length);
  const { values, positionals } = read(verb, rest, { ...COMMON, ...verb.options });
  if (values['help'] === true) return { kind: 'help', verb };
  return { kind: 'run', verb, given: checked(verb, values, positionals) };
}

/** What was given for a verb, in whatever way it came. Throws CliError (usage) for what the verb does not take. */
export function checked(
  verb: Verb,
  values: Readonly<Record<string, string | boolean | string[] | undefined>>,
  positionals: readonly string[],
): Given {
  checkChoices(values, { ...COMMON, ...verb.options });
  checkPositionals(verb, positionals);
  return new Given(values, positionals);
}

function read(verb: Verb, args: readonly string[], options: Readonly<Record<string, Option>>) {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [
      name,
      {
        type: type === 'boolean' ? ('boolean' as const) : ('string' as const),
        multiple: type === 'strings',
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: config, allowPositionals: true });
    return { values: values as Record<string, string | boolean | string[] | undefined>, positionals };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('. To specify')[0] : String(error);
    throw new CliError(EXIT.usage, `${why}; see kubectl influx ${verb.name} --help`, { cause: error });
  }
}

function checkChoices(
  values: Readonly<Record<string, string | boolean | string[] | undefined>>,
  options: Readonly<Record<string, Option>>,
): void {
  for (const [name, { choices }] of Object.entries(options)) {
    const value = values[name];
    if (choices === undefined || typeof value !== 'string' || choices.includes(value)) continue;
    throw new CliError(EXIT.usage, `--${name} must be one of ${choices.join(', ')}, not ${value}`);
  }
}

function checkPositionals(verb: Verb, positionals: readonly string[]): void {
  const least = verb.arguments.filter(({ optional }) => optional !== true).length;
  const missing = verb.arguments[positionals.length];
  if (positionals.length < least && missing !== undefined)
    throw new CliError(EXIT.usage, `${missing.name} is missing: ${usageOf(verb)}`);
  if (positionals.length > verb.arguments.length)
    throw new CliError(
      EXIT.usage,
      `${positionals[verb.arguments.length]} is one argument too many: ${usageOf(verb)}`,
    );
  // Of a variable that a script has not set; in a path it would stand for all objects of the kind.
  const empty = verb.arguments[positionals.indexOf('')];
  if (empty !== undefined) throw new CliError(EXIT.usage, `${empty.name} is empty: ${usageOf(verb)}`);
}

/** `kubectl influx plan ADDON PLAN [options]` */
export function usageOf(verb: Verb): string {
  const words = verb.arguments.map(({ name, optional }) => (optional === true ? `[${name}]` : name));
  return ['kubectl influx', verb.name, ...words, '[options]'].join(' ');
}

function unknownVerb(first: string, second: string | undefined, verbs: readonly Verb[]): string {
  const related = verbs.map(({ name }) => name).filter((name) => name.startsWith(`${first} `));
  if (related.length === 0) return `${first} is no command; see kubectl influx --help`;
  return `${second === undefined ? `${first} needs a second word` : `${first} ${second} is no command`}: ${related.join(', ')}`;
}
