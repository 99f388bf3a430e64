import { beforeAll, describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { influxAddonKind } from '../../src/api/influx-addon.ts';
import { crdOf } from '../../src/api/crd/crd.ts';
import { InfluxAddon, InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { plans } from '../../src/api/catalogue.ts';
import type { Kind } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { childOf, eventually, readChildren } from './children.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { stalled } from './stalled.ts';
import { withOperatorBed } from './with-bed.ts';

const smallest = plans[0];
if (smallest === undefined) throw new Error('the catalogue is empty');
const planSpec = smallest.spec;

let bed: OperatorBed;
/** Since when the bystander is at rest. */
let quietSince: number;

withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
beforeAll(async () => {
  const plan = async (name: string, spec: Partial<typeof planSpec>) =>
    await bed.client.create(InfluxPlan, { metadata: { name }, spec: { ...planSpec, ...spec } });
  await plan('old', { lifecycle: 'Withdrawn' });
  await plan('doomed', {});
  await bed.client.create(InfluxVersion, {
    metadata: { name: '1.7.10' },
    spec: { image: 'influxdb:1.7.10', lifecycle: 'Withdrawn' },
  });
  await bed.startOperator();
  await bed.namespace('bystander');
  await bed.addon('bystander', 'quiet');
  await bed.ready('bystander', 'quiet');
  await atRest(bed, 'bystander', 'quiet');
  quietSince = Date.now();
});

describe('a spec that cannot be followed is Stalled, says what is allowed, and recovers once corrected', () => {
  test.concurrent.each<[string, Partial<InfluxAddonSpec>, string, RegExp]>([
    [
      'unknown plan',
      { plan: '3g' },
      'UnknownPlan',
      /^spec\.plan: 3g is not in the catalogue; allowed: 512m, 512m-business, .*1g, 1g-business, 2g/,
    ],
    ['withdrawn plan', { plan: 'old' }, 'WithdrawnPlan', /^spec\.plan: old is withdrawn.*allowed: .*512m/],
    [
      'unknown version',
      { version: '1.9' },
      'UnknownVersion',
      /^spec\.version: 1\.9 is not.*allowed: 1\.7\.11, 1\.8\.10/,
    ],
    [
      'withdrawn version',
      { version: '1.7.10' },
      'WithdrawnVersion',
      /^spec\.version: 1\.7\.10 is withdrawn.*allowed: 1\.7\.11/,
    ],
  ])('%s', async (what, spec, reason, message) => {
    const namespace = await bed.namespace(what.replaceAll(' ', '-'));
    await bed.addon(namespace, 'db', spec);
    const addon = await stalled(bed, namespace, 'db', reason);
    expect(condition(addon, 'Stalled')?.message).toMatch(message);
    expect(condition(addon, 'Ready')).toMatchObject({ status: 'False', reason: 'Blocked' });
    expect(await readChildren(bed, namespace, 'db')).toEqual({});

    const corrected = { plan: '512m', version: null };
    await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec: corrected }, { type: 'merge' });
    const ready = await bed.ready(namespace, 'db');
    expect(condition(ready, 'Stalled')?.status).toBe('False');
  });

  test.concurrent.each<[string, Partial<InfluxAddonSpec>, string]>([
    ['plan', { plan: '3g' }, 'UnknownPlan'],
    ['version', { version: '1.7' }, 'DowngradeRefused'],
  ])(
    'an edit of a running database that cannot be followed (%s) leaves it as it is',
    async (what, spec, reason) => {
      const namespace = await bed.namespace(`running-${what}`);
      await bed.addon(namespace, 'db');
      await bed.ready(namespace, 'db');
      await atRest(bed, namespace, 'db');
      const since = Date.now();
      await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec }, { type: 'merge' });
      const addon = await stalled(bed, namespace, 'db', reason);
      expect(condition(addon, 'Available')?.status).toBe('True');
      expect(addon.status?.plan).toBe('512m');
      const back = { plan: '512m', version: null };
      await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec: back }, { type: 'merge' });
      await bed.ready(namespace, 'db');
      await atRest(bed, namespace, 'db');
      expect(await changes(namespace, since)).toEqual([]);
    },
  );

  test.concurrent('a plan deleted while in use changes nothing: the database goes on, is repaired, and takes edits', async () => {
    const namespace = await bed.namespace('doomed-plan');
    await bed.addon(namespace, 'db', { plan: 'doomed' });
    await bed.ready(namespace, 'db');
    await bed.client.delete(InfluxPlan, { name: 'doomed' });

    const { kind, name } = childOf('db', 'service');
    const service = await bed.client.get(kind, { namespace, name });
    await bed.client.delete(kind, { namespace, name });
    await eventually('the Service to be made again', async () => {
      const live = await bed.client.get(kind, { namespace, name });
      return live !== undefined && live.metadata.uid !== service?.metadata.uid;
    });
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'db' },
      { spec: { access: { policy: 'Bound' } } },
      { type: 'merge' },
    );
    const addon = await bed.ready(namespace, 'db');
    expect(condition(addon, 'Stalled')?.status).toBe('False');
    expect(addon.status?.plan).toBe('doomed');
  });
});

describe('names are refused by the API server, with a message that says what is allowed', () => {
  test.each(['1app', 'my.app', 'x'.repeat(41)])('%s', async (name) => {
    await expect(bed.addon('bystander', name)).rejects.toThrow(
      /metadata\.name must be at most 40 characters: lower case/,
    );
  });

  test('capitals and underscores are no name of any object', async () => {
    await expect(bed.addon('bystander', 'My_App')).rejects.toThrow(/Invalid value: "My_App"/);
  });

  test('40 characters are a name that works', async () => {
    const namespace = await bed.namespace('long-name');
    const name = `x${'-y'.repeat(19)}z`;
    expect(name).toHaveLength(40);
    await bed.addon(namespace, name);
    await bed.ready(namespace, name);
  });

  test('two apps of one name', async () => {
    const twice = bed.addon('bystander', 'twice', {
      apps: [{ name: 'web' }, { name: 'web', kind: 'StatefulSet' }],
    });
    await expect(twice).rejects.toThrow(/spec\.apps\[1\]: Duplicate value: .*web/);
  });
});

test('a definition that is older than the operator keeps it from telling what it does not know, and from nothing else', async () => {
  const definition = crdOf(influxAddonKind);
  const name = definition.metadata.name;
  const path = '/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/adminSecret';
  const change = async (patch: object) =>
    await bed.client.patch(DEFINITIONS, { name }, [patch], { type: 'json' });
  const [{ schema }] = (definition as unknown as { spec: { versions: [{ schema: Schema }] } }).spec.versions;
  const namespace = await bed.namespace('older');
  await bed.client.create(InfluxAddon, {
    metadata: { namespace, name: 'probe', annotations: { 'influxaddon.dev/paused': 'true' } },
    spec: { plan: '512m' },
  });
  const isKnown = async () => {
    const body = { status: { adminSecret: 'x' } };
    const options = { type: 'merge', subresource: 'status' } as const;
    const answer = bed.client.patch(InfluxAddon, { namespace, name: 'probe' }, body, options);
    return await answer.then(
      () => true,
      () => false,
    );
  };
  await change({ op: 'remove', path });
  await eventually('the older definition to be in force', async () => !(await isKnown()));
  await bed.addon(namespace, 'db');
  const { status } = await bed.ready(namespace, 'db');
  expect(status).toMatchObject({ plan: '512m', urlSecret: 'db-influx' });
  expect(status?.adminSecret).toBeUndefined();
  await change({
    op: 'add',
    path,
    value: schema.openAPIV3Schema.properties.status.properties['adminSecret'],
  });
  await eventually('the definition to be back', isKnown);
});

test('objects that no schema would have let in do not hold up the others, also not at a restart', async () => {
  const definition = crdOf(influxAddonKind) as unknown as KubeObject & {
    spec: { versions: [{ schema: object }] };
  };
  const name = definition.metadata?.name ?? '';
  const setSchema = async (schema: object) =>
    await bed.client.patch(
      DEFINITIONS,
      { name },
      [{ op: 'replace', path: '/spec/versions/0/schema', value: schema }],
      { type: 'json' },
    );
  const anything = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await setSchema(anything);
  const namespace = await bed.namespace('poison');
  const poisons: object[] = [
    { spec: { plan: 5, apps: 'all', version: 18 } },
    {},
    { spec: { plan: '512m', apps: [null], connection: 7 } },
  ];
  for (const [index, poison] of poisons.entries()) {
    const object = { metadata: { namespace, name: `poison-${index}` }, ...poison } as unknown as InfluxAddon;
    await eventually('the schema to be gone', async () => await bed.client.create(InfluxAddon, object));
  }
  await setSchema(definition.spec.versions[0].schema);
  const names = Array.from({ length: 20 }, (_, index) => `sound-${index}`);
  await Promise.all(names.map((each) => bed.addon(namespace, each)));
  await Promise.all(names.map((each) => bed.ready(namespace, each)));

  await using second = await startOperatorAgain();
  await second.started;
  await bed.addon(namespace, 'sound-after');
  await bed.ready(namespace, 'sound-after');
  for (const index of poisons.keys())
    await bed.client.delete(InfluxAddon, { namespace, name: `poison-${index}` });
  await eventually(
    'the last of them to be gone',
    async () => (await bed.client.get(InfluxAddon, { namespace, name: 'poison-2' })) === undefined,
  );
});

test('no child of the bystander was written to by any of it', async () => {
  await atRest(bed, 'bystander', 'quiet');
  expect(await changes('bystander', quietSince)).toEqual([]);
});

/** What was written in a namespace besides the status of its addons. */
async function changes(namespace: string, since: number): Promise<string[]> {
  const written = await bed.writes(namespace, since);
  return written.filter((each) => each !== 'patch influxaddons/status');
}

/** Beside the first one: they agree, so neither has anything to do that the other has done. */
async function startOperatorAgain() {
  const running = await bed.startOperator();
  return { started: running.operator.stores.addons.synced, [Symbol.asyncDispose]: () => running.stop() };
}

const DEFINITIONS: Kind<KubeObject> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

interface Schema {
  openAPIV3Schema: { properties: { status: { properties: Record<string, object> } } };
}
