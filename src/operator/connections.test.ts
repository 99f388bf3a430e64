import { expect, it } from 'vitest';
import { connectionsFor } from './connections.ts';

it.each([
  ['a few workers leave some to Events and lists', 1, 16],
  ['each worker has one for each of its writes', 8, 32],
  ['so it is with as many as there are by default', 16, 64],
  ['more workers share', 40, 64],
  ['none waits for a single request of another', 256, 256],
])('%s', (_, workers, connections) => {
  expect(connectionsFor(workers)).toBe(connections);
});
