import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NODE_FLAGS, RUNTIME_ENV } from './runtime.ts';

const root = dirname(import.meta.dirname);
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');

test('the Dockerfile starts the operator as every other way of making the image does', () => {
  const entry = ['/usr/bin/node', ...NODE_FLAGS, '/app/main.js']
    .map((word) => JSON.stringify(word))
    .join(', ');
  expect(dockerfile).toContain(`ENTRYPOINT [${entry}]`);
  const env = Object.entries(RUNTIME_ENV).map(([key, value]) => `${key}=${value}`);
  expect(dockerfile).toContain(`ENV PATH=/usr/bin ${env.join(' ')}`);
});

test('what the Dockerfile copies is all that it builds from', () => {
  const [stage = ''] = dockerfile.split(/^FROM /m).filter((part) => part.includes(' AS build\n'));
  const context = mkdtempSync(join(tmpdir(), 'dockerfile-test-'));
  onTestFinished(() => rmSync(context, { recursive: true }));
  const sent = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  for (const [, words = ''] of stage.matchAll(/^COPY (.*)$/gm)) {
    const sources = words.split(' ');
    const target = sources.pop() ?? '';
    for (const source of sources) {
      expect(sent).toContain(`!${source.split('/')[0]}`);
      const to = target.endsWith('/') ? join(target, basename(source)) : target;
      cpSync(join(root, source), join(context, to), { recursive: true });
    }
  }
  symlinkSync(join(root, 'node_modules'), join(context, 'node_modules'));
  const builds = [...stage.matchAll(/^RUN (node .*)$/gm)].map(([, command = '']) => command);
  expect(builds).toHaveLength(1);
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  execFileSync('sh', ['-c', builds.join()], { cwd: context, env: { PATH }, stdio: 'pipe' });
  expect(readdirSync(join(context, 'dist'))).toEqual(expect.arrayContaining(['main.js', 'licenses.txt']));
});
