import { describe, expect, test } from 'vitest';
import { type CliError, EXIT } from '../cli-error.ts';
import { complete, offer, whereOf } from './complete.ts';
import type { Terminal } from './verb.ts';
import { parse } from './parse.ts';
import { VERBS } from '../verbs.ts';

const run = (...argv: string[]) => {
  const parsed = parse(argv, VERBS);
  if (parsed.kind !== 'run') throw new Error(`that is ${parsed.kind}`);
  return parsed;
};

describe('a command line', () => {
  test('has a verb of one word or two, and options anywhere', () => {
    expect(run('list').verb.name).toBe('list');
    const { verb, given } = run('users', 'add', '--access', 'All', 'metrics', 'reader', '-n', 'shop');
    expect(verb.name).toBe('users add');
    expect([given.argument(0), given.argument(1), given.text('access'), given.text('namespace')]).toEqual([
      'metrics',
      'reader',
      'All',
      'shop',
    ]);
    expect(run('add', 'a', '1g', '--app', 'x,y', '--app', 'z').given.texts('app')).toEqual(['x', 'y', 'z']);
  });

  test.each([
    [['frobnicate'], 'frobnicate is no command'],
    [['users'], 'users needs a second word: users list, users add, users remove'],
    [['users', 'sing'], 'users sing is no command: users list'],
    [['plan', 'metrics'], 'PLAN is missing: kubectl influx plan ADDON PLAN'],
    [['info', 'a', 'b'], 'b is one argument too many'],
    [['info', ''], 'ADDON is empty: kubectl influx info ADDON'],
    [['users', 'remove', 'metrics', ''], 'USER is empty'],
    [['info', 'a', '--loud'], "Unknown option '--loud'"],
    [['config', 'a', '--tls', 'Maybe'], '--tls must be one of Required, Disabled, not Maybe'],
  ])('%j is refused with words that help', (argv, words) => {
    expect(() => run(...argv)).toThrow(words);
    expect(() => run(...argv)).toThrow(expect.objectContaining({ exitCode: EXIT.usage }) as CliError);
  });

  test('asks for help in every way that people try', () => {
    for (const argv of [[], ['--help'], ['-h'], ['help']])
      expect(parse(argv, VERBS)).toEqual({ kind: 'help', verb: undefined });
    for (const argv of [
      ['plan', '--help'],
      ['help', 'plan'],
      ['plan', '-h'],
    ])
      expect(parse(argv, VERBS)).toMatchObject({ kind: 'help', verb: { name: 'plan' } });
  });

  test('takes a number only within its bounds', () => {
    const bounds = { min: 0, max: 23 };
    expect(run('config', 'a', '--window-hour', '7').given.number('window-hour', bounds)).toBe(7);
    for (const text of ['24', '-1', '1.5', 'noon'])
      expect(() => run('config', 'a', `--window-hour=${text}`).given.number('window-hour', bounds)).toThrow(
        'from 0 to 23',
      );
  });
});

describe('completion', () => {
  test('offers verbs and their second words', () => {
    expect(offer([], VERBS)).toEqual(expect.arrayContaining(['plans', 'backups', 'completion']));
    expect(offer(['users'], VERBS)).toEqual(['list', 'add', 'remove']);
  });

  test.each([
    [['info'], 'addon'],
    [['plan', 'metrics'], 'plan'],
    [['plan', '-n', 'shop', 'metrics'], 'plan'],
    [['upgrade', 'metrics'], 'version'],
    [['backups', 'restore', 'mine', '--into'], 'addon'],
    [
      ['config', 'metrics', '--tls'],
      ['Required', 'Disabled'],
    ],
    [['completion'], ['bash', 'fish', 'zsh']],
  ])('after %j offers %j', (before, offered) => {
    expect(offer(before, VERBS)).toEqual(offered);
  });

  test('offers options when there are no more arguments', () => {
    expect(offer(['info', 'metrics'], VERBS)).toContain('--output');
  });

  test('offers options wherever one is begun, but as the value of another', () => {
    expect(offer(['info'], VERBS, true)).toEqual(expect.arrayContaining(['--output', '--namespace']));
    expect(offer(['plan', 'metrics'], VERBS, true)).toContain('--dry-run');
    expect(offer(['config', 'metrics', '--tls'], VERBS, true)).toEqual(['Required', 'Disabled']);
  });

  test.each([
    [['info', '-n', 'shop']],
    [['info', '-nshop']],
    [['info', '--namespace', 'shop', '--output']],
    [['plan', 'metrics', '--namespace=shop', '--dry-run']],
  ])('looks for names where %j says', (before) => {
    expect(whereOf(before).text('namespace')).toBe('shop');
  });

  test.each([
    [['config', 'metrics', '--tls', '=', 'Re'], ['Required']],
    [
      ['config', 'metrics', '--tls', '='],
      ['Disabled', 'Required'],
    ],
    [['info', '--namespace', '=', 'shop', 'metrics', '--out'], ['--output']],
  ])('takes %j for what bash makes of an option with its value', async (line, offered) => {
    const nobody = {} as Terminal;
    expect(await complete(line, nobody, new AbortController().signal)).toEqual(offered);
  });
});
