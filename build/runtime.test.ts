import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NODE_FLAGS, RUNTIME_ENV } from './runtime.ts';

test('the Dockerfile starts the operator as every other way of making the image does', () => {
  const dockerfile = readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8');
  const entry = ['/usr/bin/node', ...NODE_FLAGS, '/app/main.js']
    .map((word) => JSON.stringify(word))
    .join(', ');
  expect(dockerfile).toContain(`ENTRYPOINT [${entry}]`);
  const env = Object.entries(RUNTIME_ENV).map(([key, value]) => `${key}=${value}`);
  expect(dockerfile).toContain(`ENV PATH=/usr/bin ${env.join(' ')}`);
});

test('the Dockerfile copies every file by which the bundle is made', () => {
  const dockerfile = readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8');
  const needed = new Set<string>();
  const follow = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    const source = readFileSync(join(import.meta.dirname, name), 'utf8');
    for (const [, next = ''] of source.matchAll(/^import (?!type ).* from '\.\/(.+)';$/gm)) follow(next);
  };
  follow('bundle.ts');
  expect(needed.size).toBeGreaterThan(1);
  const [, copied = ''] = /^COPY (build\/.*) build\/$/m.exec(dockerfile) ?? [];
  expect(copied.split(' ').toSorted()).toEqual([...needed].map((name) => `build/${name}`).toSorted());
});
