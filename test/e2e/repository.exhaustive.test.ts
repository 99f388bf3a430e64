import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPERATOR, root } from '../demo/install.ts';
import { type Kubectl, untilServed } from '../demo/kubectl.ts';
import { addon, app, Place } from '../reports/place.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** As a GitOps tool does it: all of a repository, again and again, whatever is there already. */
const AS_TOOL = ['apply', '--server-side', '--field-manager=gitops'];
const NAME = 'my-app';

let on: OperatorNode;

beforeAll(async () => {
  on = await startOperatorNode({
    install: async ({ kube }) => {
      await synced(kube, ['-k', join(root, 'deploy/high-availability')]);
      const rollout = ['rollout', 'status', `deployment/${OPERATOR.name}`, '--timeout=180s'];
      await kube.run([...rollout, '-n', OPERATOR.namespace]);
    },
  });
});

afterAll(() => on?.[Symbol.asyncDispose]());

/** Again while it lacks a definition of the same folder, as a tool does. */
function synced(kube: Kubectl, what: readonly string[]): Promise<string> {
  return untilServed(() => kube.run([...AS_TOOL, ...what]));
}

test('a folder of a repository, applied by the server, is an operated database, and stays as it is when it is applied again', async () => {
  const place = new Place(on, await on.space('from-git'));
  const folder = await mkdtemp(join(tmpdir(), 'repository-'));
  try {
    const objects = {
      'addon.json': addon({ apps: [{ name: NAME, env: 'Inject' }] }, NAME),
      'app.json': app(NAME, NAME),
    };
    for (const [file, object] of Object.entries(objects))
      await writeFile(join(folder, file), JSON.stringify(object));
    const where = ['-f', folder, '-n', place.namespace];
    await synced(on.kube, where);
    await place.settled(NAME);
    const marks = await place.marks(NAME, NAME);
    const database = await place.space.database(NAME);
    await database.fill('kept', 10);

    await synced(on.kube, where);
    await synced(on.kube, ['-k', join(root, 'deploy/high-availability')]);
    // It ends with a failure where there is a difference.
    await on.kube.run(['diff', '--server-side', '--field-manager=gitops', ...where]);
    await place.settled(NAME);
    expect(await place.marks(NAME, NAME)).toEqual(marks);
    expect(await database.count('kept')).toBe(10);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
