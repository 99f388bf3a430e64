import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conformance, fetchHere } from '../cluster/conformance.ts';
import { leftovers, type Traces } from '../cluster/leftovers.ts';
import { type Node, startNode } from '../cluster/node.ts';
import { startCluster } from '../cluster/provider.ts';
import { kube, longestBackOff, namespace, podIP, useEverything } from './node-pods.ts';

conformance(() => startCluster());

describe('a node of this machine', () => {
  let node: Node;
  let traces: Traces;

  beforeAll(async () => {
    node = await startNode();
    traces = await useEverything(node);
  });
  afterAll(() => node?.stop());

  test('lets this machine reach a pod and a Service', async () => {
    expect(await fetchHere(`http://${await podIP(node)}:8080/`)).toBe('hello\n');
    const path = 'jsonpath={.spec.clusterIP}';
    const serviceIP = await kube(node, 'get', 'service', 'web', '-n', namespace, '-o', path);
    expect(await fetchHere(`http://${serviceIP}/`)).toBe('hello\n');
  });

  test('starts a container that crashes again within a second', async () => {
    expect(await longestBackOff(node)).toBe('1s');
  });

  test('leaves nothing behind when it is stopped, with a pod and a volume in use', async () => {
    const before = await leftovers(traces);
    // The same look that is expected to find nothing afterwards finds each kind now.
    for (const kind of ['process', 'loop', 'link', 'route', 'cgroup', 'folder']) {
      expect(before.filter((line) => line.startsWith(kind))).not.toEqual([]);
    }
    await node.stop();
    expect(await leftovers(traces)).toEqual([]);
  });
});
