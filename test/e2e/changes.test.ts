import { afterAll, beforeAll, describe } from 'vitest';
import { Outages } from './changes/outages.ts';
import { tlsToolCases } from './changes/tls-tools.ts';
import { togetherCases } from './changes/together.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** Changes of running databases on a real node: with apps that write all the time, and real tools that look on. */
let shared: OperatorNode;
const outages = new Outages();

beforeAll(async () => {
  shared = await startOperatorNode({ engines: ['1.8.10', '1.7.11'] });
});

afterAll(async () => {
  console.log(outages.toString());
  await shared?.[Symbol.asyncDispose]();
});

// Alone, since what it prints is a matter of time, and since it takes the operator away from everybody.
describe('an app goes on through', () => {
  togetherCases(() => shared, outages);
});

describe.concurrent('meanwhile on the same node', () => {
  tlsToolCases(() => shared);
});
