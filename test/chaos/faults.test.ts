import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faults } from './faults.ts';
import { scenarios } from './scenarios/index.ts';

const ENDINGS = ['.test.ts', '.exhaustive.test.ts', '.ts'];

test.for(faults.flatMap(({ fault, tests }) => tests.map((each) => ({ fault, ...each }))))(
  '$fault: $file has a test of that name',
  ({ file, name }) => {
    const texts = ENDINGS.map((ending) => `${file}${ending}`)
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path, 'utf8'));
    const found = texts.some((text) => text.includes(name));
    expect(found, `${texts.length} files, and none has "${name}"`).toBe(true);
  },
);

test('the page on reliability has the same faults, each with its tests', () => {
  const page = readFileSync('docs/reliability.md', 'utf8');
  for (const { fault, expected, tests } of faults) {
    const shown = tests.length === 0 ? 'no test yet' : tests.map(({ file }) => `\`${file}\``);
    const row = `| ${fault} | ${expected} | ${[...new Set([shown].flat())].join(', ')} |`;
    expect(page).toContain(row);
  }
});

test('the page on reliability says how many scenarios there are', () => {
  expect(readFileSync('docs/reliability.md', 'utf8')).toContain(`\n- ${scenarios.length} scenarios`);
});
