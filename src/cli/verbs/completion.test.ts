import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import { parse } from '../command/parse.ts';
import { VERBS } from '../verbs.ts';
import { run } from './completion.ts';

async function scriptOf(shell: string): Promise<string> {
  const parsed = parse(['completion', shell], VERBS);
  if (parsed.kind !== 'run') throw new Error('it asks for help');
  let script = '';
  const terminal = { write: (text: string) => (script += text) };
  await run({ given: parsed.given, terminal } as unknown as Parameters<typeof run>[0]);
  return script;
}

/** What bash offers on this line with the cursor at its end. The program prints the words that it was asked with. */
async function offered(words: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'completion-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'kubectl-influx');
  writeFileSync(program, `#!/bin/sh\nfor word; do echo "<$word>"; done\n`);
  chmodSync(program, 0o755);
  const script = [
    'set -u',
    await scriptOf('bash'),
    'complete -p kubectl-influx >/dev/null || exit 1',
    'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))',
    '_kubectl_influx',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const environment = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const options = { encoding: 'utf8', cwd: folder, env: environment } as const;
  return execFileSync('bash', ['--norc', '-c', script, 'bash', ...words], options)
    .trimEnd()
    .split('\n');
}

test.each([
  [
    ['kubectl-influx', ''],
    ['<__complete>', '<>'],
  ],
  [
    ['/usr/bin/kubectl-influx', 'info', 'met'],
    ['<__complete>', '<info>', '<met>'],
  ],
  [
    ['kubectl', 'influx', 'plan', 'metrics', ''],
    ['<__complete>', '<plan>', '<metrics>', '<>'],
  ],
  [
    ['kubectl-influx', 'info', '-n', 'a b', '$(x)*'],
    ['<__complete>', '<info>', '<-n>', '<a b>', '<$(x)*>'],
  ],
])('bash asks the program about %j, word by word', async (line, asked) => {
  expect(await offered(line)).toEqual(asked);
});

test.each(['bash', 'zsh', 'fish'])('the script of %s asks the program itself', async (shell) => {
  expect(await scriptOf(shell)).toContain('kubectl-influx __complete');
});
