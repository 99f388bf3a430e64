import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import type { InfluxAddon as Addon, InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment, type Kind, Pod, Secret, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import { appOf } from './app.ts';
import { condition, isReady, OPERATOR_NAMESPACE, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';
import { OperatorProcess } from './operator-process.ts';
import { closedWindow } from './windows.ts';
import { withOperatorBed } from './with-bed.ts';

const NAME = 'my-app';
const FLAGS = [`--pod-namespace=${OPERATOR_NAMESPACE}`, '--webhook-port=0'];
const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** Another release: the engine of every pod has one more variable. */
const nextRelease: Plugin = {
  name: 'next-release',
  setup(build) {
    let changed = false;
    build.onLoad({ filter: /\/influx\/v1\/index\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replace("HOME: '/tmp',", "HOME: '/tmp', NEW_IN_THIS_RELEASE: 'yes',");
      changed = contents !== text;
      return { contents, loader: 'ts' };
    });
    build.onEnd(() => {
      if (!changed) throw new Error('the sources have no place for the change of this release');
    });
  },
};

/** A release that tells a further thing in the status and writes a further fact down. */
const newerRelease: Plugin = {
  name: 'newer-release',
  setup(build) {
    let changed = 0;
    const replacing = (filter: RegExp, from: string, to: string) =>
      build.onLoad({ filter }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const contents = text.replace(from, to);
        if (contents !== text) changed++;
        return { contents, loader: 'ts' };
      });
    replacing(
      /\/addon\/status\/status\.ts$/,
      '...unknownFields(before),',
      "...unknownFields(before), newerField: 'told',",
    );
    replacing(
      /\/addon\/children\/admin-secret\.ts$/,
      '[ADMIN_KEY.id]: facts.id,',
      "[ADMIN_KEY.id]: facts.id, 'newer-fact': 'written',",
    );
    build.onEnd(() => {
      if (changed !== 2) throw new Error('the sources have no place for the changes of this release');
    });
  },
};

let bed: OperatorBed;
let folder: string | undefined;
const builds = { present: '', next: '', newer: '' };
withOperatorBed((started) => {
  bed = started;
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'two-builds-'));
  for (const [name, plugins] of [
    ['present', []],
    ['next', [nextRelease]],
    ['newer', [newerRelease]],
  ] as const) {
    await bundle({ entry: MAIN, outDir: join(folder, name), plugins: [...plugins] });
    builds[name] = join(folder, name, 'main.js');
  }
});
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const isSettled = (addon: Live<Addon>) =>
  isReady(addon) &&
  condition(addon, 'AppsCurrent')?.status === 'True' &&
  condition(addon, 'MaintenancePending')?.status === 'False';

async function start(build: string): Promise<OperatorProcess> {
  return await OperatorProcess.start(await bed.plane.userKubeconfig(OPERATOR_USER), FLAGS, build);
}

async function make(namespace: string, spec: Partial<InfluxAddonSpec>): Promise<void> {
  await bed.client.create(Deployment, appOf(namespace));
  await bed.addon(namespace, NAME, { apps: [{ name: 'web', env: 'Inject' }], ...spec });
}

/** Everything that a start of anything would change. */
async function running(namespace: string) {
  const set = await bed.client.get(StatefulSet, { namespace, name: `${NAME}-influx` });
  const pod = await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` });
  const web = await bed.client.get(Deployment, { namespace, name: 'web' });
  return {
    pod: pod?.metadata.uid,
    template: set?.spec?.template,
    set: set?.metadata.resourceVersion,
    app: web?.metadata.annotations?.['deployment.kubernetes.io/revision'],
  };
}

/** Two edits that change nothing that runs, each looked at to its end: whatever waited to be done is done by then. */
async function lookedAt(namespace: string): Promise<void> {
  for (const durationHours of [3, 2]) {
    const maintenanceWindow = { ...closedWindow(), durationHours };
    const key = { namespace, name: NAME };
    await bed.client.patch(InfluxAddon, key, { spec: { maintenanceWindow } }, { type: 'merge' });
    await bed.until(
      namespace,
      NAME,
      'looked at',
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    );
  }
}

test('an upgrade of the operator restarts no database; in its window each gets the new pod with one restart', async () => {
  const namespaces: string[] = [];
  for (const [name, spec] of Object.entries({ plain: {}, secure: { tls: { mode: 'Required' as const } } }))
    namespaces.push((await bed.namespace(name), await make(name, spec), name));
  {
    await using _first = await start(builds.present);
    for (const namespace of namespaces) await bed.until(namespace, NAME, 'ready', isSettled);
    for (const namespace of namespaces) await lookedAt(namespace);
  }
  const before = await Promise.all(namespaces.map(running));
  expect(JSON.stringify(before)).not.toContain('NEW_IN_THIS_RELEASE');

  await using second = await start(builds.next);
  for (const namespace of namespaces) {
    const addon = await bed.until(
      namespace,
      NAME,
      'told of what waits',
      (each) => condition(each, 'MaintenancePending')?.status === 'True',
    );
    expect(addon.status?.maintenance?.pending?.map(({ what }) => what)).toEqual([
      'template of the pod as this release of the operator makes it',
    ]);
  }
  for (const namespace of namespaces) await lookedAt(namespace);
  expect(await Promise.all(namespaces.map(running))).toEqual(before);
  expect(await second.metrics()).toContain('influxaddon_maintenance_pending{kind="template"} 2');

  const metadata = { annotations: { 'influxaddon.dev/maintain-now': 'now' } };
  for (const [index, namespace] of namespaces.entries()) {
    await bed.client.patch(InfluxAddon, { namespace, name: NAME }, { metadata }, { type: 'merge' });
    await bed.until(namespace, NAME, 'maintained', isSettled);
    await lookedAt(namespace);
    const after = await running(namespace);
    expect(after.pod).not.toBe(before[index]?.pod);
    expect(after.app).toBe(before[index]?.app);
    expect(JSON.stringify(after.template)).toContain('NEW_IN_THIS_RELEASE');
    const set = await bed.client.get(StatefulSet, { namespace, name: `${NAME}-influx` });
    expect(set?.metadata.generation).toBe(2);
  }
});

test('a release that takes over from a newer one leaves what only that one knows, and writes nothing for it', async () => {
  // Definitions are installed before their operator, and stay when it goes back.
  const crd = { name: 'influxaddons.influxaddon.dev' };
  const at = '/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/newerField';
  const field = { type: 'string', maxLength: 16 };
  await bed.client.patch(CRD, crd, [{ op: 'add', path: at, value: field }], { type: 'json' });
  const namespace = await bed.namespace('back');
  const key = { namespace, name: NAME };
  const secret = { namespace, name: `${NAME}-influx-admin` };
  const newerFieldOf = ({ status }: Live<Addon>) =>
    (status as { newerField?: string } | undefined)?.newerField;
  {
    await using _newer = await start(builds.newer);
    await make(namespace, {});
    await bed.until(namespace, NAME, 'ready', (addon) => isSettled(addon) && newerFieldOf(addon) === 'told');
    await lookedAt(namespace);
  }
  const before = await bed.client.get(Secret, secret);
  expect(before?.data).toHaveProperty('newer-fact');

  await using _present = await start(builds.present);
  await lookedAt(namespace);
  expect(newerFieldOf(await bed.get(namespace, NAME))).toBe('told');
  expect((await bed.client.get(Secret, secret))?.metadata.resourceVersion).toBe(
    before?.metadata.resourceVersion,
  );

  await bed.client.patch(InfluxAddon, key, { spec: { plan: '1g' } }, { type: 'merge' });
  const after = await bed.until(
    namespace,
    NAME,
    'on the new plan',
    (addon) => addon.status?.plan === '1g' && isSettled(addon),
  );
  expect(newerFieldOf(after)).toBe('told');
  const admin = await bed.client.get(Secret, secret);
  expect(admin?.data?.['newer-fact']).toBe(before?.data?.['newer-fact']);
  expect(admin?.data?.['in-force']).not.toBe(before?.data?.['in-force']);
});

const CRD: Kind<KubeObject> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
