import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { influxAddonKind } from '../../src/api/influx-addon.ts';
import { crdOf } from '../../src/api/crd.ts';
import { InfluxAddon, InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { plans } from '../../src/api/catalogue.ts';
import { notImplemented } from '../../src/api/not-implemented.ts';
import { Namespace, ResourceQuota, StatefulSet, StorageClass, type Kind } from '../../src/kube/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/types.ts';
import { childOf, eventually, readChildren, type Slot, versionsOf } from './children.ts';
import { condition, OPERATOR_USER, type OperatorBed, startOperatorBed } from './operator-bed.ts';

const smallest = plans[0];
if (smallest === undefined) throw new Error('the catalogue is empty');
const planSpec = smallest.spec;
/** What this release accepts and does not act on yet; nothing, once it acts on all of it. */
const LATER = later({
  users: [{ name: 'reader', access: 'Read' }],
  deletionProtection: 'Enabled',
  storage: { autoGrow: 'Enabled' },
  continuousQueries: [{ name: 'hourly', query: 'SELECT mean(v) INTO h FROM cpu GROUP BY time(1h)' }],
});
/** A refused write is tried again every half a minute, by itself. */
const ITSELF_MS = 60_000;

let bed: OperatorBed;
let bystander: Record<string, string>;

beforeAll(async () => {
  bed = await startOperatorBed();
  const plan = async (name: string, spec: Partial<typeof planSpec>) =>
    await bed.client.create(InfluxPlan, { metadata: { name }, spec: { ...planSpec, ...spec } });
  await plan('old', { lifecycle: 'Withdrawn' });
  await plan('doomed', {});
  await plan('classy', { storage: { ...planSpec.storage, className: 'made-later' } });
  await bed.client.create(InfluxVersion, {
    metadata: { name: '1.7.10' },
    spec: { image: 'influxdb:1.7.10', lifecycle: 'Withdrawn' },
  });
  await bed.startOperator();
  await bed.namespace('bystander');
  await bed.addon('bystander', 'quiet');
  await bed.ready('bystander', 'quiet');
  bystander = await versionsOf(bed, 'bystander', 'quiet');
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
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
    const addon = await stalled(namespace, 'db', reason);
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
      const before = await versionsOf(bed, namespace, 'db');
      await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec }, { type: 'merge' });
      const addon = await stalled(namespace, 'db', reason);
      expect(condition(addon, 'Available')?.status).toBe('True');
      expect(addon.status?.plan).toBe('512m');
      expect(await versionsOf(bed, namespace, 'db')).toEqual(before);
      const back = { plan: '512m', version: null };
      await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec: back }, { type: 'merge' });
      await bed.ready(namespace, 'db');
      expect(await versionsOf(bed, namespace, 'db')).toEqual(before);
    },
  );

  test.skipIf(LATER.fields.length === 0)(
    'fields of a later release are named, and nothing is begun',
    async () => {
      const namespace = await bed.namespace('later');
      await bed.addon(namespace, 'db', LATER.spec);
      const addon = await stalled(namespace, 'db', 'NotImplemented');
      for (const field of LATER.fields) {
        expect(condition(addon, 'Stalled')?.message).toContain(field);
        expect(condition(addon, 'NotImplemented')).toMatchObject({
          status: 'True',
          message: expect.stringContaining(field),
        });
      }
      expect(await readChildren(bed, namespace, 'db')).toEqual({});
      const corrected = Object.fromEntries(Object.keys(LATER.spec).map((field) => [field, null]));
      await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec: corrected }, { type: 'merge' });
      const ready = await bed.ready(namespace, 'db');
      expect(condition(ready, 'NotImplemented')).toBeUndefined();
      expect(condition(ready, 'Stalled')?.status).toBe('False');
    },
  );

  test.concurrent('a plan deleted while in use: the database goes on and is repaired, and all is well when it is back', async () => {
    const namespace = await bed.namespace('doomed-plan');
    await bed.addon(namespace, 'db', { plan: 'doomed' });
    await bed.ready(namespace, 'db');
    await bed.client.delete(InfluxPlan, { name: 'doomed' });
    const addon = await stalled(namespace, 'db', 'UnknownPlan');
    expect(condition(addon, 'Stalled')?.message).toMatch(/doomed was deleted.*goes on.*Make the plan again/);
    expect(condition(addon, 'Available')?.status).toBe('True');

    const { kind, name } = childOf('db', 'service');
    const service = await bed.client.get(kind, { namespace, name });
    await bed.client.delete(kind, { namespace, name });
    await eventually('the Service to be made again', async () => {
      const live = await bed.client.get(kind, { namespace, name });
      return live !== undefined && live.metadata.uid !== service?.metadata.uid;
    });
    await bed.client.create(InfluxPlan, { metadata: { name: 'doomed' }, spec: planSpec });
    await bed.ready(namespace, 'db');
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

describe('an object of a derived name that the operator did not make is left alone', () => {
  test.concurrent.each<Slot>([
    'adminSecret',
    'urlSecret',
    'bindingSecret',
    'service',
    'statefulSet',
    'claim',
    'networkPolicy',
  ])(
    '%s',
    async (slot) => {
      const namespace = await bed.namespace(`foreign-${slot.toLowerCase()}`);
      const { kind, name } = childOf('db', slot);
      const made = await bed.client.create(kind, foreign(slot, namespace, name));
      await delay(2_000); // until its own controllers have had their say
      const before = await bed.client.get(kind, { namespace, name });
      expect(before?.metadata.uid).toBe(made.metadata.uid);

      await bed.addon(namespace, 'db');
      const addon = await stalled(namespace, 'db', 'NameConflict');
      const message = condition(addon, 'Stalled')?.message;
      expect(message).toContain(`${kind.kind} ${name} exists and was not made by this operator`);
      expect(message).toMatch(/Delete or rename it/);
      const pod = await bed.client.get(StatefulSet, { namespace, name: 'db-influx' });
      if (slot !== 'statefulSet') expect(pod, 'nothing is started beside it').toBeUndefined();
      expect(await bed.client.get(kind, { namespace, name })).toEqual(before);

      await bed.client.delete(kind, { namespace, name });
      await bed.ready(namespace, 'db', ITSELF_MS);
      const others = Object.values(await readChildren(bed, namespace, 'db'));
      expect(others).toHaveLength(7);
    },
    120_000,
  );
});

describe('what the cluster does not have or allow', () => {
  test.concurrent('a storage class that does not exist; then it is made', async () => {
    const namespace = await bed.namespace('no-such-class');
    await bed.addon(namespace, 'db', { plan: 'classy' });
    const addon = await stalled(namespace, 'db', 'UnknownStorageClass');
    expect(condition(addon, 'Stalled')?.message).toMatch(
      /storage class made-later does not exist.*make it, or choose another plan/,
    );
    const like = await bed.client.get(StorageClass, { name: 'fake' });
    await bed.client.create(StorageClass, {
      metadata: { name: 'made-later' },
      provisioner: like?.provisioner ?? '',
    });
    await eventually(
      'the refusal to be taken back',
      async () => condition(await bed.get(namespace, 'db'), 'Stalled')?.status === 'False',
    );
  });

  test.concurrent('an image that cannot be pulled; then it can', async () => {
    const namespace = await bed.namespace('no-image');
    const takeBack = bed.kubelet.rule({
      match: (pod) => pod.metadata.namespace === namespace,
      behave: 'ImagePullError',
    });
    await bed.addon(namespace, 'db');
    const addon = await bed.until(
      namespace,
      'db',
      'degraded',
      (each) => condition(each, 'Ready')?.reason === 'Degraded',
    );
    expect(condition(addon, 'Ready')?.message).toMatch(
      /^The image influxdb:1\.8\.10 cannot be pulled: .*not found/,
    );
    takeBack();
    await bed.ready(namespace, 'db');
  });

  test.concurrent.each([
    ['secrets', 'count/secrets'],
    ['claims', 'persistentvolumeclaims'],
  ])(
    'a quota on %s: one try a minute or so, and healed by itself once it is raised',
    async (what, resource) => {
      const namespace = await bed.namespace(`quota-${what}`);
      await quota(namespace, resource, '0');
      const since = Date.now();
      await bed.addon(namespace, 'db');
      const addon = await stalled(namespace, 'db', 'QuotaExceeded');
      expect(condition(addon, 'Stalled')?.message).toMatch(
        /A quota of the namespace refuses .* db-influx.*exceeded quota: small/,
      );
      await delay(20_000);
      const tries = (await bed.plane.auditEntries({ user: OPERATOR_USER, since })).filter(
        (entry) => entry.namespace === namespace && entry.code === 403,
      );
      expect(tries.length, JSON.stringify(tries)).toBeLessThanOrEqual(2);
      await raise(namespace, resource);
      await bed.ready(namespace, 'db', ITSELF_MS);
    },
  );

  test.concurrent('a quota on pods, of which only events tell', async () => {
    const namespace = await bed.namespace('quota-pods');
    await quota(namespace, 'pods', '0');
    const since = Date.now();
    await bed.addon(namespace, 'db');
    const addon = await stalled(namespace, 'db', 'QuotaExceeded');
    expect(condition(addon, 'Stalled')?.message).toMatch(
      /A quota of the namespace is in the way: .*exceeded quota: small/,
    );
    const { by } = countsOf(await bed.plane.auditEntries({ user: OPERATOR_USER, since }), namespace);
    expect(by['list events'] ?? 0).toBeLessThanOrEqual(4);
    await raise(namespace, 'pods');
    await bed.ready(namespace, 'db', 90_000);
  });

  test.concurrent.each(['Retain', 'Delete'] as const)(
    'a namespace that is deleted in the middle of provisioning (%s) goes, with few refused writes',
    async (deletionPolicy) => {
      const namespace = await bed.namespace(`leaving-${deletionPolicy.toLowerCase()}`);
      const since = Date.now();
      await bed.addon(namespace, 'db', { deletionPolicy });
      await eventually(
        'the first child',
        async () => Object.keys(await readChildren(bed, namespace, 'db')).length > 0,
      );
      await bed.client.delete(Namespace, { name: namespace });
      await eventually(
        'the namespace to be gone',
        async () => (await bed.client.get(Namespace, { name: namespace })) === undefined,
        60_000,
      );
      const refused = (await bed.plane.auditEntries({ user: OPERATOR_USER, since })).filter(
        (entry) => entry.namespace === namespace && entry.code === 403 && entry.resource !== 'events',
      );
      expect(refused.length, JSON.stringify(refused)).toBeLessThanOrEqual(5);
    },
  );
});

test('a cluster without a default storage class: the message says so, and marking one helps', async () => {
  const mark = async (value: 'true' | 'false') => {
    const metadata = { annotations: { 'storageclass.kubernetes.io/is-default-class': value } };
    await bed.client.patch(StorageClass, { name: 'fake' }, { metadata }, { type: 'merge' });
  };
  await mark('false');
  try {
    const namespace = await bed.namespace('no-default-class');
    await bed.addon(namespace, 'db');
    const addon = await stalled(namespace, 'db', 'UnknownStorageClass');
    expect(condition(addon, 'Stalled')?.message).toMatch(
      /no storage class and the cluster has no default one: mark one/,
    );
    await mark('true');
    await bed.ready(namespace, 'db', ITSELF_MS);
  } finally {
    await mark('true');
  }
});

test('objects that no schema would have let in do not hold up the others, also not at a restart', async () => {
  const definitions: Kind<KubeObject> = {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
  };
  const definition = crdOf(influxAddonKind) as unknown as KubeObject & {
    spec: { versions: [{ schema: object }] };
  };
  const name = definition.metadata?.name ?? '';
  const setSchema = async (schema: object) =>
    await bed.client.patch(
      definitions,
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
  expect(await versionsOf(bed, 'bystander', 'quiet')).toEqual(bystander);
});

function later(spec: Partial<InfluxAddonSpec>): { spec: Partial<InfluxAddonSpec>; fields: string[] } {
  return { spec, fields: notImplemented({ plan: '512m', ...spec }) };
}

/** Beside the first one: they agree, so neither has anything to do that the other has done. */
async function startOperatorAgain() {
  const running = await bed.startOperator();
  return { started: running.operator.stores.addons.synced, [Symbol.asyncDispose]: () => running.stop() };
}

async function stalled(namespace: string, name: string, reason: string): Promise<Live<InfluxAddon>> {
  return await bed.until(namespace, name, `stalled (${reason})`, (addon) => {
    const found = condition(addon, 'Stalled');
    return (
      found?.status === 'True' &&
      found.reason === reason &&
      addon.status?.observedGeneration === addon.metadata.generation
    );
  });
}

async function quota(namespace: string, resource: string, amount: string): Promise<void> {
  await bed.client.create(ResourceQuota, {
    metadata: { namespace, name: 'small' },
    spec: { hard: { [resource]: amount } },
  });
  await eventually('the quota to be in force', async () => {
    const live = await bed.client.get(ResourceQuota, { namespace, name: 'small' });
    return live?.status?.hard?.[resource] === amount;
  });
}

async function raise(namespace: string, resource: string): Promise<void> {
  const spec = { hard: { [resource]: '50' } };
  await bed.client.patch(ResourceQuota, { namespace, name: 'small' }, { spec }, { type: 'merge' });
}

function countsOf(entries: { namespace?: string; verb: string; resource: string }[], namespace: string) {
  const by: Record<string, number> = {};
  for (const entry of entries.filter((each) => each.namespace === namespace)) {
    const key = `${entry.verb} ${entry.resource}`;
    by[key] = (by[key] ?? 0) + 1;
  }
  return { by };
}

/** What somebody else may have under that name. */
function foreign(slot: Slot, namespace: string, name: string): KubeObject {
  const metadata = { namespace, name, labels: { team: 'other' } };
  const selector = { matchLabels: { app: 'other' } };
  const container = { name: 'other', image: 'other:1' };
  const bodies: Record<string, object> = {
    service: { spec: { selector: { app: 'other' }, ports: [{ port: 80 }] } },
    statefulSet: {
      spec: {
        replicas: 0,
        serviceName: 'other',
        selector,
        template: { metadata: { labels: selector.matchLabels }, spec: { containers: [container] } },
      },
    },
    claim: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    networkPolicy: { spec: { podSelector: selector, policyTypes: ['Ingress'] } },
  };
  return { metadata, ...(bodies[slot] ?? { stringData: { theirs: 'value' } }) } as KubeObject;
}
