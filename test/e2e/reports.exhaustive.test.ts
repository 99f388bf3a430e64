import { afterAll, beforeAll } from 'vitest';
import { sample } from '../reports/index.ts';
import { scenarioCases } from '../reports/scenario.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** A few of the scenarios of `make test-reports`, one of each kind. */
let shared: OperatorNode;

beforeAll(async () => {
  shared = await startOperatorNode();
});

afterAll(() => shared?.[Symbol.asyncDispose]());

scenarioCases(() => shared, sample);
