import { expect, test } from 'vitest';
import { parseSeed } from '../campaign.ts';
import { scenarios } from '../scenarios/index.ts';
import { bugs } from './index.ts';
import { fits } from './seeded-bug.ts';

test.for(bugs)('the seeded bug $name fits the sources, and the run that catches it exists', (bug) => {
  expect(fits(bug), `what was to be broken in src/${bug.file} is no longer there: seed it anew`).toBe(true);
  expect(() => parseSeed(scenarios, bug.caughtBy)).not.toThrow();
});

test('there are at least twelve seeded bugs, among them the four shapes known from other operators', () => {
  expect(bugs.length).toBeGreaterThanOrEqual(12);
  expect(bugs.filter(({ shape }) => shape !== undefined)).toHaveLength(4);
});
