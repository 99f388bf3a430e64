import { expect, it } from 'vitest';
import { connectionsFor } from './connections.ts';

it.each([
  ['the worker has one for each of its writes, and Events and lists have some', 1, 20],
  ['so it is with more', 8, 48],
  ['as many as there are by default leave as many to Events and lists', 16, 80],
  ['more workers share', 40, 80],
  ['none waits for a single request of another', 256, 272],
])('%s', (_, workers, connections) => {
  expect(connectionsFor(workers)).toBe(connections);
});
