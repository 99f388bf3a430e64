import { expect, test } from 'vitest';
import { BedApi, waitFor } from '../cluster/bed-api.ts';
import { bedOfAnotherProcess } from '../cluster/another-owner.ts';
import { startControlPlane } from '../cluster/control-plane.ts';
import { readKubeconfig } from '../cluster/kubeconfig.ts';
import { leftovers } from '../cluster/leftovers.ts';
import { PATIENCE_MS } from '../patience.ts';

/** The life of the test bed's control planes beside each other, and their end. */
test('two control planes at once know nothing of each other', async () => {
  await using one = await startControlPlane();
  await using two = await startControlPlane();
  const path = '/api/v1/namespaces/only-in-one';
  await (await as(one.kubeconfig)).apply(path, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'only-in-one' },
  });
  expect(await (await as(two.kubeconfig)).get(path)).toBeUndefined();
});

test('a control plane leaves nothing behind when its owner is killed', async () => {
  await using owner = await bedOfAnotherProcess('--control-plane');
  await owner.kill();
  await waitFor('the caretaker', async () => (await leftovers(owner.traces)).length === 0, {
    timeoutMs: PATIENCE_MS,
  });
});

async function as(kubeconfig: string): Promise<BedApi> {
  return new BedApi(await readKubeconfig(kubeconfig));
}
