import { afterAll, beforeAll, describe } from 'vitest';
import { killedCases } from './changes/killed.ts';
import { Outages } from './changes/outages.ts';
import { sequenceCases } from './changes/sequence.ts';
import { tlsMaterialCases } from './changes/tls-material.ts';
import { tlsToolCases } from './changes/tls-tools.ts';
import { upgradeStepCases } from './changes/upgrades.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** Changes of running databases on a real node: with apps that write all the time, and real tools that look on. */
let shared: OperatorNode;
const outages = new Outages();

beforeAll(async () => {
  shared = await startOperatorNode({ engines: ['1.8.10', '1.7.11', '1.6.7'] });
});

afterAll(async () => {
  console.log(outages.toString());
  await shared?.[Symbol.asyncDispose]();
});

// Alone, since what they print is a matter of time.
describe('an app goes on through', () => {
  sequenceCases(() => shared, outages);
});

describe.concurrent('meanwhile on the same node', () => {
  upgradeStepCases(() => shared);
  tlsToolCases(() => shared);
});

// They take the operator away from everybody.
describe('without the operator', () => {
  tlsMaterialCases(() => shared);
  killedCases(() => shared, outages);
});
