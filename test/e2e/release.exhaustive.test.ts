import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { helm } from '../cluster/binaries.ts';
import { FROM, type Release, releaseOf, TAG } from '../cluster/images/release.ts';
import { run } from '../cluster/run-command.ts';
import { OPERATOR, root } from '../demo/install.ts';
import { closedWindow } from '../integration/windows.ts';
import { addon, app, Place } from '../reports/place.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

const MANY = 20;
const WITH_APP = 5;

const deployment = ['get', 'deployment', OPERATOR.name, '-n', OPERATOR.namespace];

let before: Release | undefined;
let on: OperatorNode;

beforeAll(async () => {
  before = await releaseOf(FROM);
  const { dir, image } = before;
  on = await startOperatorNode({
    install: async ({ node }) => {
      await node.importImage(image);
      await released(node.kubeconfig, 'install', join(dir, 'sources'), { image: { tag: TAG } });
    },
  });
});

afterAll(async () => {
  await on?.[Symbol.asyncDispose]();
  if (before !== undefined) await rm(before.dir, { recursive: true, force: true });
});

test(`an upgrade from ${FROM} with ${MANY} addons and the way back restart no database and no app, and all are operated`, async () => {
  const place = new Place(on, await on.space('release'));
  const names = Array.from({ length: MANY }, (_, index) => `addon-${index + 1}`);
  const objects = names.map((name, index) => {
    const apps = index < WITH_APP ? [{ name, env: 'Inject' }] : [];
    return addon({ apps, ...(index % 4 === 0 ? { tls: { mode: 'Required' } } : {}) }, name);
  });
  await place.apply(...names.slice(0, WITH_APP).map((name) => app(name, name)), ...objects);
  for (const name of names) await place.settled(name);
  const marks = () => Promise.all(names.map((name) => place.marks(name, name)));
  const running = await marks();

  await released(on.node.kubeconfig, 'upgrade', root);
  expect(await operatorImage()).not.toContain(TAG);
  await looked(place, names, 2);
  expect(await marks()).toEqual(running);

  const specs = () => Promise.all(names.map(async (name) => (await place.space.addon(name)).spec));
  const asked = await specs();
  await rolledBack(on.node.kubeconfig);
  expect(await operatorImage()).toContain(TAG);
  // Nothing that was asked for is lost with the definitions of the later release, or changed by who reads them now.
  expect(await specs()).toEqual(asked);
  await looked(place, names, 3);
  expect(await marks()).toEqual(running);
});

/** Edits every addon in what changes nothing that runs: whoever has answered it has looked at all the rest. */
async function looked(place: Place, names: readonly string[], durationHours: number): Promise<void> {
  for (const name of names)
    await place.patch(`influxaddon/${name}`, {
      spec: { maintenanceWindow: { ...closedWindow(), durationHours } },
    });
  for (const name of names) await place.settled(name);
}

function operatorImage(): Promise<string> {
  return on.kube.run([...deployment, '-o', 'jsonpath={..image}']);
}

async function released(
  kubeconfig: string,
  verb: 'install' | 'upgrade',
  sources: string,
  values: object = {},
): Promise<void> {
  const chart = join(sources, 'charts', OPERATOR.name);
  const where = ['--kubeconfig', kubeconfig, '--namespace', OPERATOR.namespace];
  const namespace = verb === 'install' ? ['--create-namespace'] : [];
  const options = [...namespace, '--wait', '--timeout', '3m', '--values', '-'];
  const input = JSON.stringify({ replicas: 2, ...values });
  await run(await helm(), [verb, OPERATOR.name, chart, ...where, ...options], { input });
}

/** To the release before the present one, which is the first. */
async function rolledBack(kubeconfig: string): Promise<void> {
  const where = ['--kubeconfig', kubeconfig, '--namespace', OPERATOR.namespace];
  await run(await helm(), ['rollback', OPERATOR.name, '1', ...where, '--wait', '--timeout', '3m']);
}
