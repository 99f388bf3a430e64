import { EXIT } from '../cli-error.ts';
import { COMMON } from './common-options.ts';
import { usageOf } from './parse.ts';
import type { Option, Verb } from './verb.ts';

/** All verbs, or how one of them is used. */
export function helpLines(verbs: readonly Verb[], verb: Verb | undefined): string[] {
  return verb === undefined ? overview(verbs) : details(verb);
}

function overview(verbs: readonly Verb[]): string[] {
  const width = Math.max(...verbs.map(({ name }) => name.length)) + 3;
  return [
    'usage: kubectl influx COMMAND [options]',
    '',
    'ADDON is a name or an id.',
    '',
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    'options of all of them:',
    ...optionLines(COMMON),
    '',
    ...exitLines(),
  ];
}

function details(verb: Verb): string[] {
  return [
    verb.summary,
    '',
    `usage: ${usageOf(verb)}`,
    '',
    ...optionLines({ ...verb.options, ...COMMON }),
    '',
    'examples:',
    ...verb.examples.map((example) => `  kubectl influx ${example}`),
  ];
}

function optionLines(options: Readonly<Record<string, Option>>): string[] {
  const entries = Object.entries(options).map(([name, option]) => [spelled(name, option), option] as const);
  const width = Math.max(...entries.map(([text]) => text.length)) + 3;
  return entries.map(([text, { help, choices }]) => {
    const allowed = choices === undefined ? '' : ` (${choices.join(', ')})`;
    return `  ${text.padEnd(width)}${help}${allowed}`;
  });
}

/** `-n, --namespace NAME` */
export function spelled(name: string, { short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

/** What the exit codes mean. */
export const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  refused: 'refused, or it failed',
  usage: 'the command line is wrong',
  notFound: 'there is no such object',
  notReached: 'stored, and not in force: it is blocked, or the time to wait is over',
  forbidden: 'you may not do that',
  unreachable: 'no API server, or no credentials',
};

function exitLines(): string[] {
  const words = Object.entries(EXIT).map(
    ([name, code]) => `${code} ${EXIT_WORDS[name as keyof typeof EXIT]}`,
  );
  return ['exit codes:', ...words.map((line) => `  ${line}`)];
}
