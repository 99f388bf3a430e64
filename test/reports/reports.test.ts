import { afterAll, beforeAll } from 'vitest';
import { type OperatorNode, startOperatorNode } from '../e2e/operator-node.ts';
import { scenarios } from './index.ts';
import { scenarioCases } from './scenario.ts';

/** What befell people who run such operators, tried on a real node, by kubectl and Helm and nothing else. */
let shared: OperatorNode;

beforeAll(async () => {
  shared = await startOperatorNode();
});

afterAll(() => shared?.[Symbol.asyncDispose]());

scenarioCases(() => shared, scenarios);
