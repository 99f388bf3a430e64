import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import {
  Deployment,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  StatefulSet,
} from '../../src/kube/objects/kinds.ts';
import type { ApiRequest, Transport } from '../../src/kube/api/transport.ts';
import { eventually, namespaceGone, readChildren } from './children.ts';
import { secretData } from './database.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { hasPoint, writePoint } from './points.ts';
import { withOperatorBed } from './with-bed.ts';

const FINALIZER = 'influxaddon.dev/operator';

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
afterAll(() => {
  expect(bed.kubelet.engine.violations).toEqual([]);
});

describe('while the operator runs', () => {
  const deletes: ApiRequest[] = [];
  beforeAll(async () => {
    const wrap = (inner: Transport): Transport => ({
      request: (request) => {
        if (request.method === 'DELETE') deletes.push(request);
        return inner.request(request);
      },
      watch: (request) => inner.watch(request),
      close: () => inner.close(),
    });
    await bed.startOperator({ wrap });
  });
  afterAll(() => bed.stopOperators());

  test.concurrent('Retain: volume and admin Secret stay, the rest goes; an addon of the same name goes on from them', async () => {
    const before = await running('retain', {});
    await remove('retain');
    await eventually('the rest to be gone', async () => {
      const left = await readChildren(bed, 'retain', 'db');
      return (
        Object.keys(left).toSorted().join() === 'adminSecret,claim' && (await pod('retain')) === undefined
      );
    });
    await eventually(
      'all Secrets but one to be gone',
      async () => (await secretsOf('retain')).join() === 'db-influx-admin',
    );
    await bed.addon('retain', 'db');
    await bed.ready('retain', 'db');
    expect(await stateOf('retain')).toEqual(before);
    expect(await hasPoint(bed, 'retain', 'db', 'before')).toBe(true);
  });

  test.concurrent('never an older version than the one that opened the data, also after delete and create', async () => {
    await running('downgrade', { version: '1.8.10' });
    await remove('downgrade');
    await bed.addon('downgrade', 'db', { version: '1.7' });
    const addon = await bed.until(
      'downgrade',
      'db',
      'stalled',
      (each) => condition(each, 'Stalled')?.reason === 'DowngradeRefused',
    );
    expect(condition(addon, 'Stalled')?.message).toMatch(
      /1\.7\.11 is older than 1\.8\.10, which .*opened the data/,
    );
    const set = await bed.client.get(StatefulSet, { namespace: 'downgrade', name: 'db-influx' });
    expect(set?.spec?.template.spec?.containers[0]?.image ?? 'none').not.toContain('1.7');
    await edit('downgrade', { spec: { version: '1.8' } });
    await bed.ready('downgrade', 'db');
    expect(await hasPoint(bed, 'downgrade', 'db', 'before')).toBe(true);
  });

  test.concurrent('Delete: everything goes, the pod before the volume, each by its own uid', async () => {
    await running('delete', { deletionPolicy: 'Delete' });
    const children = await readChildren(bed, 'delete', 'db');
    const volume = children.claim?.metadata.uid ?? '';
    await remove('delete');
    await gone('delete');
    await eventually(
      'all children to be gone',
      async () => Object.keys(await readChildren(bed, 'delete', 'db')).length === 0,
    );
    await eventually('all Secrets to be gone', async () => (await secretsOf('delete')).length === 0);
    await eventually(
      'the volume to be gone',
      async () => (await bed.client.get(PersistentVolume, { name: `fake-${volume}` })) === undefined,
    );
    expect(bed.kubelet.engine.state(volume).databases.size).toBe(0);
    const ours = deletes.filter(({ path }) => path.includes('/namespaces/delete/'));
    expect(ours.map(({ path }) => path.split('/').at(-2))).toEqual([
      'statefulsets',
      'persistentvolumeclaims',
      'secrets',
    ]);
    const uids = ours.map(({ body }) => (body as { preconditions?: { uid?: string } }).preconditions?.uid);
    expect(uids).toEqual(
      [children.statefulSet, children.claim, children.adminSecret].map((each) => each?.metadata.uid),
    );
  });

  test.concurrent('a finalizer only where something has to be done first', async () => {
    const finalizers = async () => (await bed.get('finalizers', 'db')).metadata.finalizers ?? [];
    await running('finalizers', {});
    expect(await finalizers()).toEqual([]);
    await edit('finalizers', { spec: { deletionPolicy: 'Delete' } });
    await eventually('the finalizer', async () => (await finalizers()).includes(FINALIZER));
    await edit('finalizers', { spec: { deletionPolicy: 'Retain' } });
    await eventually('no finalizer', async () => (await finalizers()).length === 0);
    await edit('finalizers', { spec: { apps: [{ name: 'web', env: 'Inject' }] } });
    await eventually('the finalizer', async () => (await finalizers()).includes(FINALIZER));
    await edit('finalizers', { spec: { apps: [{ name: 'web' }] } });
    await eventually('no finalizer', async () => (await finalizers()).length === 0);
  });

  test.concurrent('paused: Retain lets go, Delete waits and says for what', async () => {
    const pause = { metadata: { annotations: { 'influxaddon.dev/paused': 'true' } } };
    await running('paused-retain', { apps: [{ name: 'web', env: 'Inject' }] });
    await edit('paused-retain', pause);
    await remove('paused-retain');
    await gone('paused-retain');

    await running('paused-delete', { deletionPolicy: 'Delete' });
    await edit('paused-delete', pause);
    await remove('paused-delete');
    const addon = await bed.until(
      'paused-delete',
      'db',
      'deleting',
      (each) => condition(each, 'Ready')?.reason === 'Deleting',
    );
    expect(condition(addon, 'Ready')?.message).toMatch(
      /paused is set: nothing is deleted until it is removed/,
    );
    expect(
      (await readChildren(bed, 'paused-delete', 'db')).claim?.metadata.deletionTimestamp,
    ).toBeUndefined();
    await edit('paused-delete', { metadata: { annotations: { 'influxaddon.dev/paused': null } } });
    await gone('paused-delete');
    await eventually(
      'the volume claim to be gone',
      async () => (await readChildren(bed, 'paused-delete', 'db')).claim === undefined,
    );
  });

  test.concurrent('the policy edited while being deleted: what it says then counts', async () => {
    await running('edited', { deletionPolicy: 'Delete' });
    await edit('edited', { metadata: { annotations: { 'influxaddon.dev/paused': 'true' } } });
    await remove('edited');
    await bed.until('edited', 'db', 'deleting', (each) => condition(each, 'Ready')?.reason === 'Deleting');
    await edit('edited', {
      metadata: { annotations: { 'influxaddon.dev/paused': null } },
      spec: { deletionPolicy: 'Retain' },
    });
    await gone('edited');
    const { claim, adminSecret } = await readChildren(bed, 'edited', 'db');
    expect([claim?.metadata.deletionTimestamp, adminSecret?.metadata.deletionTimestamp]).toEqual([
      undefined,
      undefined,
    ]);
    expect([claim, adminSecret]).not.toContain(undefined);
  });

  test.concurrent.each(['Background', 'Foreground', 'Orphan'] as const)(
    'deleted (%s) and made again at once under Retain: the same database',
    async (propagationPolicy) => {
      const namespace = `again-${propagationPolicy.toLowerCase()}`;
      const before = await running(namespace, {});
      await bed.client.delete(InfluxAddon, { namespace, name: 'db' }, { propagationPolicy });
      await createAgain(namespace, {});
      await bed.ready(namespace, 'db');
      await eventually('the children of the second', async () => {
        const uid = (await bed.get(namespace, 'db')).metadata.uid;
        const { adminSecret: _, claim: __, ...owned } = await readChildren(bed, namespace, 'db');
        const owners = Object.values(owned).map(({ metadata }) =>
          metadata.ownerReferences?.map((each) => each.uid),
        );
        return owners.length === 5 && owners.every((each) => each?.length === 1 && each[0] === uid);
      });
      await bed.ready(namespace, 'db');
      expect(await stateOf(namespace)).toEqual(before);
      expect(await hasPoint(bed, namespace, 'db', 'before')).toBe(true);
    },
  );

  test.concurrent('deleted and made again at once under Delete: a new database, never what is going away', async () => {
    const before = await running('again-delete', { deletionPolicy: 'Delete' });
    await remove('again-delete');
    await createAgain('again-delete', { deletionPolicy: 'Delete' });
    await bed.ready('again-delete', 'db');
    const after = await stateOf('again-delete');
    expect(after.claim).not.toBe(before.claim);
    expect(after.password).not.toBe(before.password);
    expect(await hasPoint(bed, 'again-delete', 'db', 'before')).toBe(false);
    expect(await writePoint(bed, 'again-delete', 'db', 'after')).toBe(true);
  });

  test.concurrent.each(['Retain', 'Delete'] as const)(
    'a namespace is deleted with everything in it (%s)',
    async (deletionPolicy) => {
      const namespace = `leaving-${deletionPolicy.toLowerCase()}`;
      await bed.namespace(namespace);
      await bed.client.create(Deployment, deployment(namespace));
      await bed.addon(namespace, 'db', { deletionPolicy, apps: [{ name: 'web', env: 'Inject' }] });
      await bed.ready(namespace, 'db');
      await bed.client.delete(Namespace, { name: namespace });
      await namespaceGone(bed, namespace);
    },
  );

  test.concurrent('a volume claim deleted under a running database: Stalled while the data is still there to be saved', async () => {
    const before = await running('claim', {});
    await bed.client.delete(PersistentVolumeClaim, { namespace: 'claim', name: 'db-influx-data' });
    const addon = await bed.until(
      'claim',
      'db',
      'stalled',
      (each) => condition(each, 'Stalled')?.reason === 'VolumeBeingDeleted',
    );
    expect(condition(addon, 'Available')?.status).toBe('True');
    expect(await hasPoint(bed, 'claim', 'db', 'before')).toBe(true);
    await bed.kubelet.killPod('claim', 'db-influx-0');
    const lost = await bed.until(
      'claim',
      'db',
      'told that its data is lost',
      (each) => condition(each, 'Stalled')?.reason === 'DataLost',
    );
    expect(condition(lost, 'Ready')).toMatchObject({ status: 'False', reason: 'Blocked' });
    expect(condition(lost, 'Stalled')?.message).toContain(`start-empty: "${before.claim}"`);
    expect((await readChildren(bed, 'claim', 'db')).claim).toBeUndefined();
  });
});

describe('while no operator runs', () => {
  // Each has one of its own, which sees nothing else: they come and go while others stay.
  test.concurrent.each(['Retain', 'Delete'] as const)(
    'a namespace being deleted (%s) is not held up for longer than that',
    async (deletionPolicy) => {
      const namespace = `idle-${deletionPolicy.toLowerCase()}`;
      const operator = await bed.startOperator({ only: namespace });
      await running(namespace, { deletionPolicy });
      await operator.stop();
      await bed.client.delete(Namespace, { name: namespace });
      if (deletionPolicy === 'Retain') {
        await namespaceGone(bed, namespace);
        return;
      }
      await eventually(
        'the addon to be what is left',
        async () => (await bed.get(namespace, 'db')).metadata.deletionTimestamp !== undefined,
      );
      await bed.startOperator({ only: namespace });
      await namespaceGone(bed, namespace);
    },
  );

  test.concurrent('an addon under Retain goes without any operator', async () => {
    const operator = await bed.startOperator({ only: 'idle-addon' });
    await running('idle-addon', {});
    await operator.stop();
    await remove('idle-addon');
    await gone('idle-addon');
    await eventually(
      'the rest to be collected',
      async () => Object.keys(await readChildren(bed, 'idle-addon', 'db')).length === 2,
    );
  });
});

/** What must be the same for it to be the same database. */
async function stateOf(namespace: string) {
  const { INFLUX_URL: url = '' } = await secretData(bed, namespace, 'db-influx');
  const admin = await secretData(bed, namespace, 'db-influx-admin');
  const { claim } = await readChildren(bed, namespace, 'db');
  const { status } = await bed.get(namespace, 'db');
  return {
    id: status?.id,
    url,
    password: admin['password'],
    admin: admin['admin-password'],
    claim: claim?.metadata.uid,
  };
}

/** A ready addon with a point in its database. */
async function running(namespace: string, spec: Partial<InfluxAddonSpec>) {
  await bed.namespace(namespace);
  await bed.addon(namespace, 'db', spec);
  await bed.ready(namespace, 'db');
  expect(await writePoint(bed, namespace, 'db', 'before')).toBe(true);
  return await stateOf(namespace);
}

async function remove(namespace: string): Promise<void> {
  await bed.client.delete(InfluxAddon, { namespace, name: 'db' });
}

async function edit(namespace: string, body: object): Promise<void> {
  await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, body, { type: 'merge' });
}

/** As a pipeline does: as soon as the name is free. */
async function createAgain(namespace: string, spec: Partial<InfluxAddonSpec>): Promise<void> {
  await eventually('the name to be free', async () => {
    try {
      return await bed.addon(namespace, 'db', spec);
    } catch (reason) {
      if (ApiError.from(reason).isAlreadyExists) return undefined;
      throw reason;
    }
  });
}

async function gone(namespace: string): Promise<void> {
  await eventually(
    'the addon to be gone',
    async () => (await bed.client.get(InfluxAddon, { namespace, name: 'db' })) === undefined,
  );
}

/** Names of the Secrets that the operator made. */
async function secretsOf(namespace: string): Promise<string[]> {
  const labelSelector = 'influxaddon.dev/addon=db';
  const { items } = await bed.client.list(Secret, { namespace, labelSelector });
  return items.map(({ metadata }) => metadata.name);
}

async function pod(namespace: string) {
  return await bed.client.get(Pod, { namespace, name: 'db-influx-0' });
}

function deployment(namespace: string): Deployment {
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
  return { metadata: { namespace, name: 'web' }, spec: { selector: { matchLabels: labels }, template } };
}
