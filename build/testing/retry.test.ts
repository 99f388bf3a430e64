import { expect, test } from 'vitest';
import { withRetries } from './retry.ts';

const NETWORK = 'main.go:9:2: k8s.io/api@v0.35.4: Get "...": dial tcp: connection refused';

test.each([
  { failures: ['no route to host', NETWORK], tries: 3, outcome: 'done' },
  { failures: ['no', 'no', 'no'], tries: 3, outcome: 'no' },
  { failures: ['go failed\n  ./main.go:3:2: undefined: x'], tries: 1, outcome: 'undefined: x' },
])('after $failures: $outcome', async ({ failures, tries, outcome }) => {
  let count = 0;
  const said: string[] = [];
  const body = async (): Promise<string> => {
    const failure = failures[count++];
    if (failure !== undefined) throw new Error(failure);
    return 'done';
  };
  const end = await withRetries('it', body, { waits: [0, 0], say: (line) => said.push(line) }).catch(String);
  expect(end).toContain(outcome);
  expect(count).toBe(tries);
  expect(said).toHaveLength(tries - 1);
});
