import { beforeAll, describe, expect, test } from 'vitest';
import { InfluxBackup, InfluxRestore } from '../../src/api/kinds.ts';
import { Deployment, PersistentVolumeClaim, StatefulSet } from '../../src/kube/objects/kinds.ts';
import { appOf } from './app.ts';
import {
  backUp,
  BACKUPS,
  claimsOf,
  makeStore,
  mountedClaim as mounted,
  restore,
  sentTwice,
  untilRestore,
} from './backing-up.ts';
import { isSettled } from './changing.ts';
import { eventually } from './children.ts';
import { type FakeStore, fakeStoreOf } from './fake-store.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { hasPoint, writePoint } from './points.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
beforeAll(async () => {
  await bed.startOperator({ wrap: (inner) => sentTwice(inner, 'influxrestores') });
});

interface Scene {
  readonly namespace: string;
  readonly store: FakeStore;
}

/** A namespace with an addon, an app, and a whole backup. */
async function backedUp(name: string): Promise<Scene> {
  const namespace = await bed.namespace(name);
  const store = fakeStoreOf(bed.kubelet, namespace);
  await makeStore(bed, namespace);
  await bed.client.create(Deployment, appOf(namespace));
  await bed.addon(namespace, 'my-app', { backups: BACKUPS, apps: [{ name: 'web', env: 'Inject' }] });
  await backUp(bed, namespace, 'mine');
  await bed.until(
    namespace,
    'my-app',
    'backed up',
    (addon) => isSettled(addon) && addon.status?.backups?.last?.name === 'mine',
  );
  return { namespace, store };
}

/** Restores end as the answer says, or not yet; everything else as usual. */
const restoring =
  (end: ReturnType<FakeStore['behaviour']>): FakeStore['behaviour'] =>
  ({ operation }) =>
    operation === 'restore' ? end : undefined;
const failing = (reason: 'BackupCorrupt' | 'IdentityWrong', message: string) =>
  restoring({ ok: false, operation: 'restore', reason, message, retryable: false });

describe.concurrent('a restore into an addon', () => {
  test('is beside: the old volume stays, the database runs on the new one, the app is restarted once', async () => {
    const { namespace, store } = await backedUp('beside');
    const { id = '', apps } = (await bed.get(namespace, 'my-app')).status ?? {};
    const filled: (string | undefined)[] = [];
    // While the data is restored, the database is still on the old volume, and takes nothing that would be lost with it.
    store.behaviour = restoring('Runs');
    store.onRestore = (_spec, claim) => filled.push(claim);
    expect(await writePoint(bed, namespace, 'my-app', 'before')).toBe(true);
    await restore(bed, namespace, 'back', id);
    await untilRestore(bed, namespace, 'back', 'Running');
    await bed.until(namespace, 'my-app', 'read only', ({ status }) => status?.restore !== undefined);
    expect(await writePoint(bed, namespace, 'my-app', 'meanwhile')).toBe(false);
    expect(await hasPoint(bed, namespace, 'my-app', 'before')).toBe(true);
    store.behaviour = () => undefined;
    const done = await untilRestore(bed, namespace, 'back');
    const { claim = '', previousClaim } = done.status ?? {};
    expect(filled).toEqual([claim]);
    expect(previousClaim).toBe('my-app-influx-data');
    expect(await mounted(bed, namespace)).toBe(claim);
    expect(await claimsOf(bed, namespace)).toEqual(['my-app-influx-data', claim].toSorted());
    const addon = await bed.until(
      namespace,
      'my-app',
      'done',
      (each) => isSettled(each) && each.status?.apps?.[0]?.revision !== apps?.[0]?.revision,
    );
    await atRest(bed, namespace, 'my-app');
    expect(addon.status).toMatchObject({ id, storage: { claim } });
    const web = await bed.client.get(Deployment, { namespace, name: 'web' });
    expect(web?.metadata.generation).toBe(3);
    expect(store.ran.filter(({ operation }) => operation === 'restore')).toHaveLength(1);
    expect(addon.status?.restore).toBeUndefined();
    expect(await writePoint(bed, namespace, 'my-app', 'after')).toBe(true);
  });

  test('without the right confirmation touches nothing', async () => {
    const { namespace, store } = await backedUp('unconfirmed');
    await restore(bed, namespace, 'back', 'my_app_1');
    const refused = await untilRestore(bed, namespace, 'back', 'NotConfirmed');
    expect(refused.status?.conditions?.find(({ type }) => type === 'Stalled')?.message).toContain(
      'spec.overwrite',
    );
    expect(await claimsOf(bed, namespace)).toEqual(['my-app-influx-data']);
    expect(store.ran.filter(({ operation }) => operation === 'restore')).toEqual([]);
  });

  test('of a corrupt backup leaves the old data in force and no volume behind', async () => {
    const { namespace, store } = await backedUp('corrupt');
    const { id = '' } = (await bed.get(namespace, 'my-app')).status ?? {};
    store.behaviour = failing('BackupCorrupt', 'a byte is wrong');
    await restore(bed, namespace, 'back', id);
    await untilRestore(bed, namespace, 'back', 'BackupCorrupt');
    await eventually('the new volume to be gone', async () => (await claimsOf(bed, namespace)).length === 1);
    expect(await claimsOf(bed, namespace)).toEqual(['my-app-influx-data']);
    expect(await mounted(bed, namespace)).toBe('my-app-influx-data');
    await bed.ready(namespace, 'my-app');
    // Nothing is lost by it any more.
    await eventually('a database that takes points', () => writePoint(bed, namespace, 'my-app', 'after'));
  });
});

describe.concurrent('a new addon from a backup', () => {
  test('is started only once its volume is filled', async () => {
    const { namespace, store } = await backedUp('filled');
    store.behaviour = restoring('Runs');
    await bed.addon(namespace, 'copy', { restoreFrom: { backupRef: { name: 'mine' } } });
    await bed.until(
      namespace,
      'copy',
      'restoring',
      (addon) => condition(addon, 'Ready')?.reason === 'Restoring',
    );
    await atRest(bed, namespace, 'copy');
    expect(await bed.client.get(StatefulSet, { namespace, name: 'copy-influx' })).toBeUndefined();
    store.behaviour = () => undefined;
    const addon = await bed.ready(namespace, 'copy');
    const spec = store.ran.find(({ operation }) => operation === 'restore');
    expect(spec).toMatchObject({
      target: { name: addon.status?.id },
      location: { addonId: expect.any(String) as string },
    });
    const claim = await bed.client.get(PersistentVolumeClaim, { namespace, name: 'copy-influx-data' });
    expect(claim?.metadata.annotations?.['influxaddon.dev/restored-from']).toBe('mine');
  });

  test('says why it cannot be, and is started when that is mended', async () => {
    const { namespace, store } = await backedUp('refilled');
    store.behaviour = failing('IdentityWrong', 'it is not for this key');
    await bed.addon(namespace, 'copy', { restoreFrom: { backupRef: { name: 'mine' } } });
    const stalled = await bed.until(
      namespace,
      'copy',
      'stalled',
      (addon) => condition(addon, 'Stalled')?.reason === 'RestoreFailed',
    );
    expect(condition(stalled, 'Stalled')?.message).toContain('it is not for this key');
    store.behaviour = () => undefined;
    const made = await bed.client.list(InfluxRestore, { namespace });
    await bed.client.delete(InfluxRestore, { namespace, name: made.items[0]?.metadata.name ?? '' });
    await bed.ready(namespace, 'copy');
  });

  test('is filled from a database that runs elsewhere, by its URL and without any store', async () => {
    const namespace = await bed.namespace('moved');
    const store = fakeStoreOf(bed.kubelet, namespace);
    const annotations = { 'influxaddon.dev/import-from': 'old-database' };
    await bed.client.create(InfluxBackup, {
      metadata: { namespace, name: 'live', annotations },
      spec: { addonRef: { name: 'my-app' } },
    });
    await bed.addon(namespace, 'my-app', { restoreFrom: { backupRef: { name: 'live' } } });
    const addon = await bed.ready(namespace, 'my-app');
    expect(store.ran).toEqual([
      {
        operation: 'copy',
        deadlineSeconds: 43_200,
        target: expect.objectContaining({ name: addon.status?.id }) as object,
      },
    ]);
    const claim = await bed.client.get(PersistentVolumeClaim, { namespace, name: 'my-app-influx-data' });
    expect(claim?.metadata.annotations?.['influxaddon.dev/restored-from']).toBe('live');
  });
});
