import { afterAll, beforeAll, describe } from 'vitest';
import { rotationCases } from './cases/rotation.ts';
import { serviceBindingCases } from './cases/service-binding.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** Credentials on a real node: how they are handed over, and how they change under an app that writes. */
let shared: OperatorNode;

beforeAll(async () => {
  shared = await startOperatorNode({
    values: { operator: { extraArgs: ['--credential-overlap-seconds=15'] } },
  });
});

afterAll(() => shared?.[Symbol.asyncDispose]());

describe('credentials', () => {
  rotationCases(() => shared);
  serviceBindingCases(() => shared);
});
