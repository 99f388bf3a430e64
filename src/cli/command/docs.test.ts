import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cliDocs, DOCS_PATH } from './docs.ts';
import { parse } from './parse.ts';
import { VERBS } from '../verbs.ts';

test('docs/cli.md is what the verbs say (else: npm run generate)', () => {
  expect(readFileSync(DOCS_PATH, 'utf8')).toBe(cliDocs());
});

test('every example is a command line that the program takes', () => {
  for (const { name, examples } of VERBS) {
    expect(examples.length, name).toBeGreaterThan(0);
    for (const example of examples) {
      const words = [...example.matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, plain]) => quoted ?? plain ?? '',
      );
      expect(parse(words, VERBS), example).toMatchObject({ kind: 'run', verb: { name } });
    }
  }
});

test('every verb loads', async () => {
  for (const verb of VERBS) expect(await verb.load(), verb.name).toBeTypeOf('function');
});
