import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { helm } from '../cluster/binaries.ts';
import { run } from '../cluster/run-command.ts';
import { OPERATOR, root } from '../demo/install.ts';
import { closedWindow } from '../integration/windows.ts';
import { addon, app, Place } from '../reports/place.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';

/** The release that is upgraded from: any commit, or another name for one. */
const FROM = process.env['UPGRADE_FROM'] ?? 'HEAD^';
const TAG = '0.0.0-before';
const MANY = 20;
const WITH_APP = 5;

let before: { readonly dir: string; readonly image: string } | undefined;
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

test(`an upgrade from ${FROM} with ${MANY} addons restarts no database and no app, and all are operated by it`, async () => {
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
  const deployment = ['get', 'deployment', OPERATOR.name, '-n', OPERATOR.namespace];
  expect(await place.space.kube.run([...deployment, '-o', 'jsonpath={..image}'])).not.toContain(TAG);
  // An edit that changes nothing that runs: whoever has answered it has looked at all the rest.
  for (const name of names)
    await place.patch(`influxaddon/${name}`, {
      spec: { maintenanceWindow: { ...closedWindow(), durationHours: 2 } },
    });
  for (const name of names) await place.settled(name);
  expect(await marks()).toEqual(running);
});

/** The sources of a commit, and the operator's image that they make. */
async function releaseOf(commit: string): Promise<{ readonly dir: string; readonly image: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'influxaddon-release-'));
  try {
    const archive = join(dir, 'sources.tar');
    await run('git', ['-C', root, 'archive', '--format=tar', '-o', archive, commit]);
    const sources = join(dir, 'sources');
    await mkdir(sources);
    await run('tar', ['-xf', archive, '-C', sources]);
    await symlink(join(root, 'node_modules'), join(sources, 'node_modules'));
    const manifest = join(sources, 'package.json');
    const described = JSON.parse(await readFile(manifest, 'utf8')) as object;
    await writeFile(manifest, JSON.stringify({ ...described, version: TAG }));
    const module = JSON.stringify(join(sources, 'test/cluster/images/operator.ts'));
    const script = `const { operatorImage } = await import(${module}); console.log(await operatorImage());`;
    const said = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: sources });
    return { dir, image: said.trim().split('\n').at(-1) ?? '' };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
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
