import { afterAll, beforeAll, describe } from 'vitest';
import { killedCases } from './changes/killed.ts';
import { Outages } from './changes/outages.ts';
import { sequenceCases } from './changes/sequence.ts';
import { tlsMaterialCases } from './changes/tls-material.ts';
import { upgradeStepCases } from './changes/upgrades.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** The long ways through changes: one after the other, over every version, with the operator away or killed. */
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

describe('from version to version', () => {
  upgradeStepCases(() => shared);
});

// They take the operator away from everybody.
describe('without the operator', () => {
  tlsMaterialCases(() => shared);
  killedCases(() => shared, outages);
});
