import { afterAll, beforeAll, describe } from 'vitest';
import { pick } from '../size.ts';
import { admissionCases } from './installed/admission.ts';
import { firstComerCases } from './installed/first-comer.ts';
import { processCases } from './installed/process.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** The operator as it was installed, and what stands between it and strangers. One node for all of it. */
let shared: OperatorNode;

beforeAll(async () => {
  shared = await startOperatorNode({ engines: pick(['1.8.10'], ['1.8.10', '1.7.11']) });
});

afterAll(() => shared?.[Symbol.asyncDispose]());

describe('the webhook and the policies', () => {
  admissionCases(() => shared);
});

describe('somebody who always comes first', () => {
  firstComerCases(() => shared);
});

// Last, since at its end there is another installation.
describe('the operator as a process', () => {
  processCases(() => shared);
});
