import { afterAll, beforeAll, describe } from 'vitest';
import { bindingCases } from './cases/binding.ts';
import { dataCases } from './cases/data.ts';
import { driftCases } from './cases/drift.ts';
import { lifecycleCases } from './cases/lifecycle.ts';
import { podCases } from './cases/pod.ts';
import { troubleCases } from './cases/trouble.ts';
import { upgradeCases } from './cases/upgrade.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** Addons on a real node, with real engines, by the operator that the chart installed. One node for all of it. */
let shared: OperatorNode;

beforeAll(async () => {
  // Without the webhook the reconciler has the last word on a bad spec; operator-admission has the other way.
  const values = { webhook: { enabled: false } };
  shared = await startOperatorNode({ engines: ['1.8.10', '1.7.11', '1.6.7'], values });
});

afterAll(() => shared?.[Symbol.asyncDispose]());

describe.concurrent('an addon on a real node', () => {
  // The longest first: five run at a time.
  for (const cases of [
    upgradeCases,
    driftCases,
    bindingCases,
    podCases,
    dataCases,
    lifecycleCases,
    troubleCases,
  ])
    cases(() => shared);
});
