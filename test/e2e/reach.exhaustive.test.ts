import { afterAll, beforeAll, describe } from 'vitest';
import { LoadBalancers } from '../cluster/load-balancers.ts';
import { OutsideClient } from '../cluster/outside-client.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';
import { outsideCases } from './reach/outside.ts';
import { policyCases } from './reach/policies.ts';

/** Who reaches a database, on a real node that enforces policies: pods, and machines outside the node's network. */
let shared: OperatorNode;
let balancers: LoadBalancers;
let friend: OutsideClient;
let stranger: OutsideClient;

beforeAll(async () => {
  shared = await startOperatorNode({ networkPolicies: 'Everywhere' });
  balancers = await LoadBalancers.start(shared.node);
  friend = await OutsideClient.open(shared.node, 'friend', '203.0.113');
  stranger = await OutsideClient.open(shared.node, 'stranger', '198.51.100');
});

afterAll(async () => {
  await balancers?.[Symbol.asyncDispose]();
  await shared?.[Symbol.asyncDispose]();
});

describe.concurrent('on a node that enforces policies', () => {
  policyCases(() => shared);
  outsideCases(() => ({ on: shared, friend, stranger }));
});
