import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { plain } from './plain.ts';

test.each([
  ['\u001B]0;you are root\u0007reader', String.raw`\x1b]0;you are root\x07reader`],
  ['\u009B2Jgone', String.raw`\x9b2Jgone`],
  ['one\rtwo\u007F', String.raw`one\x0dtwo\x7f`],
])('%j does nothing to a terminal', (text, shown) => {
  expect(plain(text)).toBe(shown);
});

test('everything that is to be read stays as it is', () => {
  const text = 'a\tb\nZoë 数据 🙂 “quoted” \\x1b';
  expect(plain(text)).toBe(text);
});

test('the tool itself says nothing else', () => {
  const options = { encoding: 'utf8', env: { PATH: process.env['PATH'] } } as const;
  const { status, stderr } = spawnSync(process.execPath, ['src/cli/main.ts', '\u001B[2Jlist'], options);
  expect([status, stderr.split('\n')[0]]).toEqual([
    2,
    String.raw`error: \x1b[2Jlist is no command; see kubectl influx --help`,
  ]);
});
