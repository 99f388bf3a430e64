import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../cluster/bed-api.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

let bed: OperatorNode;

beforeAll(async () => {
  bed = await startOperatorNode();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

test('the installed webhook refuses through its Service, by every replica, also when one is gone', async () => {
  const space = await bed.space('told');
  await waitFor('the first refusal', async () => (await attempt(space.namespace)) === REFUSED, {
    timeoutMs: 60_000,
  });
  for (let index = 0; index < 20; index += 1) expect(await attempt(space.namespace)).toBe(REFUSED);
  const pods = ['-n', 'influxaddon-system', '-l', 'app.kubernetes.io/name=influxaddon-operator'];
  const [first = ''] = (await bed.kube.run(['get', 'pods', ...pods, '-o', 'name'])).split('\n');
  await bed.kube.run(['delete', first, '-n', 'influxaddon-system', '--wait=false']);
  await waitFor('a refusal by the others', async () => (await attempt(space.namespace)) === REFUSED, {
    timeoutMs: 30_000,
  });
});

test('the installed policies protect an addon, and its namespace goes nevertheless', async () => {
  const space = await bed.space('protected');
  const manifest = addon(space.namespace, { plan: 'tiny', deletionProtection: 'Enabled' });
  await bed.kube.run(['create', '-f', '-'], { input: JSON.stringify(manifest) });
  await expect(bed.kube.run(['delete', 'influxaddon', 'db', '-n', space.namespace])).rejects.toThrow(
    /spec\.deletionProtection of db is Enabled/,
  );
  await bed.kube.run(['delete', 'namespace', space.namespace, '--timeout=90s']);
});

const REFUSED = 'refused';

async function attempt(namespace: string): Promise<string> {
  const manifest = JSON.stringify(addon(namespace, { plan: 'no-such-plan' }));
  try {
    await bed.kube.run(['create', '--dry-run=server', '-f', '-'], { input: manifest });
    return 'taken';
  } catch (error) {
    const text = String(error);
    return /The InfluxAddon "db" is invalid: spec\.plan: no-such-plan is not in the catalogue/.test(text)
      ? REFUSED
      : text;
  }
}

function addon(namespace: string, spec: object) {
  const metadata = { namespace, name: 'db' };
  return { apiVersion: 'influxaddon.dev/v1alpha1', kind: 'InfluxAddon', metadata, spec };
}
