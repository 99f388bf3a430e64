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
