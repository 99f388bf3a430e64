import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  InfluxAddon,
  InfluxBackup,
  InfluxBackupStore,
  InfluxRestore,
  InfluxVersion,
} from '../../src/api/kinds.ts';
import { lastSlot } from '../../src/backup/schedule.ts';
import {
  Event,
  Job,
  type Kind,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  Secret,
} from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';
import { pick } from '../size.ts';
import {
  backUp,
  BACKUPS,
  makeStore,
  reasonOf,
  restore,
  sentTwice,
  untilBackup,
  untilReason,
  untilRestore,
} from './backing-up.ts';
import { eventually, namespaceGone } from './children.ts';
import { secretData } from './database.ts';
import { type FakeStore, fakeStoreOf } from './fake-store.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { ONLY_LABEL } from './scoped.ts';
import { withOperatorBed } from './with-bed.ts';

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

interface Scene {
  readonly namespace: string;
  readonly store: FakeStore;
}

/** A namespace with a store. */
async function withStore(name: string): Promise<Scene> {
  const namespace = await bed.namespace(name);
  const store = fakeStoreOf(bed.kubelet, namespace);
  await makeStore(bed, namespace);
  return { namespace, store };
}

/** And with an addon that names the store. */
async function withAddon(name: string): Promise<Scene> {
  const scene = await withStore(name);
  await bed.addon(scene.namespace, 'my-app', { backups: BACKUPS });
  return scene;
}

const DENIED: FakeStore['behaviour'] = ({ operation }) =>
  operation === 'backup'
    ? { ok: false, operation, reason: 'StoreDenied', message: 'the key is wrong', retryable: false }
    : undefined;
const DAY_MS = 86_400_000;
const UNENDING: FakeStore['behaviour'] = ({ operation }) => (operation === 'backup' ? 'Runs' : undefined);

async function gone(namespace: string, name: string): Promise<void> {
  const key = { namespace, name };
  await eventually(
    `InfluxBackup ${name} to be gone`,
    async () => (await bed.client.get(InfluxBackup, key)) === undefined,
  );
}

async function addonGone(namespace: string): Promise<void> {
  const key = { namespace, name: 'my-app' };
  await eventually(
    'the addon to be gone',
    async () => (await bed.client.get(InfluxAddon, key)) === undefined,
  );
}

describe('with an operator of their own', () => {
  afterAll(() => bed.stopOperators());

  describe.concurrent('a backup by hand', () => {
    test('is not taken for done by a Job of somebody else that has its name', async () => {
      const namespace = await bed.namespace('names');
      const store = fakeStoreOf(bed.kubelet, namespace);
      const { metadata } = await backUp(bed, namespace, 'mine');
      const key = { namespace, name: `backup-${metadata.uid}-1` };
      const pod = { restartPolicy: 'Never', containers: [{ name: 'x', image: 'x' }] };
      await bed.client.create(Job, { metadata: key, spec: { template: { spec: pod } } });
      const isDone = async () => ((await bed.client.get(Job, key))?.status?.succeeded ?? 0) > 0;
      await eventually('the Job to be done', isDone);
      await bed.startOperator({ only: namespace });
      await makeStore(bed, namespace);
      await bed.addon(namespace, 'my-app', { backups: BACKUPS });
      await bed.ready(namespace, 'my-app');
      await untilReason(bed, InfluxBackupStore, { namespace, name: 'nightly' }, 'Ready');
      await atRest(bed, namespace, 'my-app');
      expect(reasonOf(await bed.client.get(InfluxBackup, { namespace, name: 'mine' }))).not.toBe('Completed');
      expect(await isDone()).toBe(true);
      await bed.client.delete(Job, key, { propagationPolicy: 'Background' });
      // It is tried again ever more rarely.
      await bed.lapse('a backup', 600_000, async () => {
        const backup = await bed.client.get(InfluxBackup, { namespace, name: 'mine' });
        return reasonOf(backup) === 'Completed';
      });
      expect(store.ran.filter(({ operation }) => operation === 'backup')).toHaveLength(1);
    });

    test('by hand outlives its database by a month, and takes its objects along; the newest stays', async () => {
      const { namespace, store } = await withStore('expires');
      const clock = new SteppedClock();
      await bed.startOperator({ only: namespace, clock });
      await bed.addon(namespace, 'my-app', { backups: BACKUPS });
      await backUp(bed, namespace, 'mine');
      const { status } = await untilBackup(bed, namespace, 'mine');
      // Times of a status are whole seconds, of the machine.
      const second = Date.parse(status?.startedAt ?? '') + 1_000;
      await eventually('a later second', () => Promise.resolve(Date.now() > second));
      const newest = await backUp(bed, namespace, 'newest');
      await untilBackup(bed, namespace, 'newest');
      await bed.client.delete(InfluxAddon, { namespace, name: 'my-app' });
      await addonGone(namespace);
      const left = await eventually('the end of it to be told', async () => {
        return (await bed.client.get(InfluxBackup, { namespace, name: 'mine' }))?.status?.expiresAt;
      });
      // Whoever is about to say when he wakes next says it before the time goes on.
      await atRest(bed, namespace, 'my-app');
      clock.skip(Date.parse(left) - clock.now() - DAY_MS);
      await atRest(bed, namespace, 'my-app');
      expect(reasonOf(await bed.client.get(InfluxBackup, { namespace, name: 'mine' }))).toBe('Completed');
      clock.skip(2 * DAY_MS);
      await gone(namespace, 'mine');
      await atRest(bed, namespace, 'my-app');
      expect([...store.objects.keys()]).toEqual([newest.metadata.uid]);
    });
  });

  describe.concurrent('a scheduled backup', () => {
    test('is made up for once after days without an operator, and is one a day from then on', async () => {
      const { namespace } = await withStore('scheduled');
      const clock = new SteppedClock();
      const options = { only: namespace, clock };
      const first = await bed.startOperator(options);
      // No turn comes by itself while the test runs.
      const hour = (new Date().getUTCHours() + 12) % 24;
      const backups = { storeRef: BACKUPS.storeRef, schedule: { mode: 'Enabled' as const, hour } };
      const { metadata } = await bed.addon(namespace, 'my-app', { backups });
      await bed.ready(namespace, 'my-app');
      await first.stop();
      const turns = async () => {
        const { items } = await bed.client.list(InfluxBackup, { namespace });
        return items
          .filter(({ spec }) => spec.kind === 'Scheduled')
          .map(({ metadata: { labels } }) => labels?.['influxaddon.dev/slot'] ?? '')
          .toSorted((a, b) => a.localeCompare(b));
      };
      const turnOfNow = () => lastSlot(new Date(clock.now()), hour, metadata.uid).id;

      clock.skip(4 * DAY_MS);
      const expected = [turnOfNow()];
      const second = await bed.startOperator(options);
      await eventually('the turn of that day', async () => (await turns()).includes(expected[0] ?? ''));
      clock.skip(DAY_MS);
      expected.push(turnOfNow());
      await eventually('the turn of the next day', async () => (await turns()).includes(expected[1] ?? ''));
      expect(await turns()).toEqual(expected);
      await second.kill();
      await bed.startOperator({ ...options, wrap: (inner) => sentTwice(inner, 'influxbackups') });
      clock.skip(DAY_MS);
      expected.push(turnOfNow());
      await eventually('that of the day after', async () => (await turns()).includes(expected[2] ?? ''));
      expect(await turns()).toEqual(expected);
    });
  });

  describe.concurrent('the addon', () => {
    test('is backed up before maintenance brings a new patch, which waits for it', async () => {
      const { namespace, store } = await withStore('maintained');
      await bed.startOperator({ only: namespace });
      await bed.addon(namespace, 'my-app', { backups: BACKUPS, version: '1.8' });
      await bed.ready(namespace, 'my-app');
      store.behaviour = UNENDING;
      const metadata = { name: '1.8.99', labels: { [ONLY_LABEL]: namespace } };
      await bed.client.create(InfluxVersion, { metadata, spec: { image: 'influxdb:1.8.99' } });
      const annotations = { 'influxaddon.dev/maintain-now': 'now' };
      const key = { namespace, name: 'my-app' };
      await bed.until(
        namespace,
        'my-app',
        'due for maintenance',
        (addon) => condition(addon, 'MaintenancePending')?.status === 'True',
      );
      await bed.client.patch(InfluxAddon, key, { metadata: { annotations } }, { type: 'merge' });
      const waiting = await bed.until(
        namespace,
        'my-app',
        'waiting for the backup',
        (addon) => condition(addon, 'MaintenancePending')?.reason === 'AwaitingBackup',
      );
      expect(condition(waiting, 'MaintenancePending')?.message).toMatch(/waits for InfluxBackup my-app-/);
      expect(waiting.status?.version).toBe('1.8.10');
      expect(condition(waiting, 'Available')?.status).toBe('True');
      store.behaviour = () => undefined;
      await bed.until(namespace, 'my-app', 'maintained', ({ status }) => status?.version === '1.8.99');
      const backups = await bed.client.list(InfluxBackup, { namespace });
      expect(backups.items.map(({ spec, status }) => [spec.kind, status?.verified])).toEqual([
        ['BeforeUpgrade', 'Counts'],
      ]);
    });
  });
});

describe('with one operator', () => {
  beforeAll(async () => {
    await bed.startOperator();
  });
  afterAll(() => bed.stopOperators());

  describe.concurrent('a backup by hand', () => {
    test('is taken by a Job of its own, and read by kubectl as done', async () => {
      const { namespace, store } = await withAddon('by-hand');
      await backUp(bed, namespace, 'mine');
      const backup = await untilBackup(bed, namespace, 'mine');
      expect(backup.status).toMatchObject({
        observedGeneration: 1,
        verified: 'Counts',
        size: '4.8 MiB',
        store: { name: 'nightly' },
        location: { namespace, uid: backup.metadata.uid },
      });
      expect(store.ran.map(({ operation }) => operation).filter((each) => each !== 'check')).toEqual([
        'backup',
      ]);
    });

    test('has no secret in its Jobs, its drill or its restore, nor in what is told of them', async () => {
      const namespace = await bed.namespace('canaries');
      const store = fakeStoreOf(bed.kubelet, namespace);
      const identity = await generateIdentity();
      const stringData = {
        AWS_ACCESS_KEY_ID: 'canary0Key0Id',
        AWS_SECRET_ACCESS_KEY: 'canary0Secret0Access0Key',
      };
      await bed.client.create(Secret, { metadata: { namespace, name: 'credentials' }, stringData });
      await bed.client.create(Secret, {
        metadata: { namespace, name: 'identity' },
        stringData: { key: identity },
      });
      const encryption = {
        recipients: [await identityToRecipient(identity)],
        identityRef: { name: 'identity', key: 'key' },
      };
      await makeStore(bed, namespace, { encryption });
      await bed.addon(namespace, 'my-app', { backups: { ...BACKUPS, verify: 'Weekly' } });
      const { status } = await bed.ready(namespace, 'my-app');
      await backUp(bed, namespace, 'mine');
      await eventually('the drill', async () => {
        const backup = await bed.client.get(InfluxBackup, { namespace, name: 'mine' });
        return backup?.status?.restorable !== undefined;
      });
      await restore(bed, namespace, 'back', status?.id ?? '');
      await untilRestore(bed, namespace, 'back');
      store.behaviour = DENIED;
      await backUp(bed, namespace, 'denied');
      await untilBackup(bed, namespace, 'denied', 'StoreDenied');
      await eventually('its event', async () => {
        const { items } = await bed.client.list(Event, { namespace });
        return items.some(({ reason }) => reason === 'BackupFailed');
      });

      const { 'admin-password': admin = '', password = '' } = await secretData(
        bed,
        namespace,
        'my-app-influx-admin',
      );
      const secrets = [...Object.values(stringData), identity, admin, password];
      expect(secrets.every((secret) => secret.length > 8)).toBe(true);
      const kinds = [Job, Pod, Event, InfluxAddon, InfluxBackup, InfluxBackupStore, InfluxRestore];
      for (const kind of kinds) {
        const { items } = await bed.client.list(kind as Kind<KubeObject>, { namespace });
        expect(items.length, kind.plural).toBeGreaterThan(0);
        const text = JSON.stringify(items);
        for (const secret of secrets)
          for (const form of [secret, Buffer.from(secret).toString('base64')])
            expect(text.includes(form), `${kind.plural} hold a secret`).toBe(false);
      }
      // There was something to be searched: what is mounted is named.
      const jobs = JSON.stringify((await bed.client.list(Job, { namespace })).items);
      for (const word of [
        'check',
        'backup',
        'drill',
        'restore',
        'credentials',
        'identity',
        'my-app-influx-admin',
      ])
        expect(jobs).toContain(`"${word}"`);
    });

    test('is immutable but for its deletionPolicy', async () => {
      const namespace = await bed.namespace('immutable');
      await backUp(bed, namespace, 'mine');
      const patch = (spec: object) =>
        bed.client.patch(InfluxBackup, { namespace, name: 'mine' }, { spec }, { type: 'merge' });
      await expect(patch({ kind: 'Final' })).rejects.toThrow(/spec.kind is immutable/);
      await expect(patch({ addonRef: { name: 'another' } })).rejects.toThrow(/spec.addonRef is immutable/);
      // What is meant anyway may be written out.
      await patch({ kind: 'Manual', deletionPolicy: 'Delete' });
      await eventually('the edit to be seen', async () => {
        const { metadata, status } = (await bed.client.get(InfluxBackup, { namespace, name: 'mine' })) ?? {};
        return status?.observedGeneration === metadata?.generation;
      });
    });

    test('stays with its objects when the addon goes', async () => {
      const { namespace, store } = await withAddon('outlives');
      await backUp(bed, namespace, 'mine');
      await untilBackup(bed, namespace, 'mine');
      await bed.client.delete(InfluxAddon, { namespace, name: 'my-app' });
      await addonGone(namespace);
      await atRest(bed, namespace, 'my-app');
      expect(reasonOf(await bed.client.get(InfluxBackup, { namespace, name: 'mine' }))).toBe('Completed');
      expect(store.objects.size).toBe(1);
    });

    test('takes its objects along under Delete', async () => {
      const { namespace, store } = await withAddon('with-objects');
      await backUp(bed, namespace, 'other');
      await untilBackup(bed, namespace, 'other');
      const { metadata } = await backUp(bed, namespace, 'mine', { deletionPolicy: 'Delete' });
      await untilBackup(bed, namespace, 'mine');
      expect(store.objects.has(metadata.uid)).toBe(true);
      await bed.client.delete(InfluxBackup, { namespace, name: 'mine' });
      await gone(namespace, 'mine');
      expect([store.objects.has(metadata.uid), store.objects.size]).toEqual([false, 1]);
    });

    test('that is deleted while it is taken stops its Job before it goes', async () => {
      const { namespace, store } = await withAddon('broken-off');
      store.behaviour = UNENDING;
      await backUp(bed, namespace, 'mine', { deletionPolicy: 'Delete' });
      const statusOf = async () => (await bed.client.get(InfluxBackup, { namespace, name: 'mine' }))?.status;
      const { job = '' } = await eventually('a Job that runs', async () => {
        const status = await statusOf();
        const pods = await bed.client.list(Pod, { namespace });
        return status?.job !== undefined && pods.items.length > 1 && status;
      });
      await bed.client.delete(InfluxBackup, { namespace, name: 'mine' });
      await gone(namespace, 'mine');
      expect(await bed.client.get(Job, { namespace, name: job })).toBeUndefined();
      expect(store.ran.map(({ operation }) => operation)).not.toContain('backup');
      expect(store.objects.size).toBe(0);
    });

    test('holds up no namespace that goes', async () => {
      const { namespace, store } = await withAddon('goes');
      await backUp(bed, namespace, 'mine', { deletionPolicy: 'Delete' });
      await untilBackup(bed, namespace, 'mine');
      store.behaviour = () => 'Runs';
      await bed.client.delete(Namespace, { name: namespace });
      await namespaceGone(bed, namespace);
      expect(store.objects.size).toBe(1);
    });

    test('that fails says why, and is never completed', async () => {
      const { namespace, store } = await withAddon('fails');
      store.behaviour = DENIED;
      await backUp(bed, namespace, 'mine');
      const backup = await untilBackup(bed, namespace, 'mine', 'StoreDenied');
      expect(backup.status?.completedAt).toBeUndefined();
      expect(backup.status?.conditions?.find(({ type }) => type === 'Stalled')?.message).toBe(
        'the key is wrong',
      );
    });
  });

  describe.concurrent('a store', () => {
    const patch = async (namespace: string, body: object) =>
      await bed.client.patch(InfluxBackupStore, { namespace, name: 'nightly' }, body, { type: 'merge' });

    test('is tried when it is made, says what is wrong, and is tried anew when its spec changes', async () => {
      const namespace = await bed.namespace('checked');
      const store = fakeStoreOf(bed.kubelet, namespace);
      store.behaviour = ({ operation }) =>
        operation === 'check'
          ? {
              ok: false,
              operation,
              reason: 'BucketNotFound',
              message: 'there is no bucket',
              retryable: false,
            }
          : undefined;
      await makeStore(bed, namespace);
      const key = { namespace, name: 'nightly' };
      const wrong = await untilReason(bed, InfluxBackupStore, key, 'BucketNotFound');
      const { message } = wrong.status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
      expect(message).toContain('there is no bucket');
      store.behaviour = () => undefined;
      await patch(namespace, { spec: { s3: { region: 'eu-west-1' } } });
      const right = await untilReason(bed, InfluxBackupStore, key, 'Ready');
      expect(right.status?.location).toBe('s3://backups at https://s3.example.com');
    });

    test('is listed again into InfluxBackups by a cluster that lost them, and nothing is taken by that', async () => {
      const { namespace, store } = await withAddon('listed');
      const names = ['one', 'two', 'three'];
      for (const name of names) await backUp(bed, namespace, name);
      for (const name of names) await untilBackup(bed, namespace, name);
      for (const name of names) await bed.client.delete(InfluxBackup, { namespace, name });
      for (const name of names) await gone(namespace, name);
      const taken = store.ran.filter(({ operation }) => operation === 'backup').length;
      await patch(namespace, { metadata: { annotations: { 'influxaddon.dev/list': 'now' } } });
      const found = await eventually('the store to be listed', async () => {
        const live = await bed.client.get(InfluxBackupStore, { namespace, name: 'nightly' });
        return live?.status?.listed?.token === 'now' && live.status.listed.found;
      });
      expect(found).toBe(3);
      for (const name of names) {
        const backup = await untilBackup(bed, namespace, name);
        expect(store.objects.has(backup.status?.location?.uid ?? '')).toBe(true);
      }
      expect(store.ran.filter(({ operation }) => operation === 'backup')).toHaveLength(taken);
    });
  });

  describe.concurrent('the addon', () => {
    test('says when the last backup was, and that all is well', async () => {
      const { namespace } = await withAddon('told');
      await backUp(bed, namespace, 'mine');
      const addon = await bed.until(
        namespace,
        'my-app',
        'told',
        ({ status }) => status?.backups?.last?.name === 'mine',
      );
      expect(condition(addon, 'BackupsHealthy')).toMatchObject({ status: 'True', reason: 'NotScheduled' });
    });

    test('is backed up before its engine is upgraded, and held until it is or the user says otherwise', async () => {
      const { namespace, store } = await withStore('upgraded');
      store.behaviour = DENIED;
      await bed.addon(namespace, 'my-app', { backups: BACKUPS, version: '1.7.11' });
      await bed.ready(namespace, 'my-app');
      const key = { namespace, name: 'my-app' };
      await bed.client.patch(InfluxAddon, key, { spec: { version: '1.8.10' } }, { type: 'merge' });
      const held = await bed.until(
        namespace,
        'my-app',
        'held',
        (addon) => condition(addon, 'Stalled')?.reason === 'BackupFailed',
      );
      expect(condition(held, 'Stalled')?.message).toMatch(/skip-backup: "1.8.10"/);
      expect(held.status?.version).toBe('1.7.11');
      expect(condition(held, 'Available')?.status).toBe('True');
      const annotations = { 'influxaddon.dev/skip-backup': '1.8.10' };
      await bed.client.patch(InfluxAddon, key, { metadata: { annotations } }, { type: 'merge' });
      await bed.until(namespace, 'my-app', 'upgraded', ({ status }) => status?.version === '1.8.10');
      const backups = await bed.client.list(InfluxBackup, { namespace });
      expect(backups.items.map(({ spec }) => spec.kind)).toEqual(['BeforeUpgrade']);
    });

    test('takes a last backup under deletionPolicy Backup, and is deleted only after it', async () => {
      const { namespace, store } = await withStore('last');
      await bed.addon(namespace, 'my-app', { backups: BACKUPS, deletionPolicy: 'Backup' });
      await bed.ready(namespace, 'my-app');
      store.behaviour = UNENDING;
      await bed.client.delete(InfluxAddon, { namespace, name: 'my-app' });
      await bed.until(namespace, 'my-app', 'waiting', (addon) =>
        (condition(addon, 'Ready')?.message ?? '').includes('Waiting for the last backup'),
      );
      store.behaviour = () => undefined;
      await addonGone(namespace);
      const backups = await bed.client.list(InfluxBackup, { namespace });
      expect(backups.items.map(({ spec, status }) => [spec.kind, status?.verified])).toEqual([
        ['Final', 'Counts'],
      ]);
      const claims = await bed.client.list(PersistentVolumeClaim, { namespace });
      expect(claims.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toEqual([]);
    });
  });
});

const MANY = pick(20, 100);

describe(`${MANY} databases`, () => {
  test('that are to be backed up at once are, ten at a time and none twice at a time, across a crash', async () => {
    const namespace = await bed.namespace('many');
    const store = fakeStoreOf(bed.kubelet, namespace);
    const only = { only: namespace };
    const first = await bed.startOperator(only);
    await makeStore(bed, namespace);
    const names = Array.from({ length: MANY }, (_, n) => `many-${n}`);
    await Promise.all(names.map((name) => bed.addon(namespace, name, { backups: BACKUPS })));
    for (const name of names) await bed.ready(namespace, name);
    await first.stop();

    // While nobody was there: one of each, and of some two.
    const wanted = [...names, ...names.slice(0, MANY / 10)];
    for (const [n, name] of wanted.entries())
      await backUp(bed, namespace, `${name}-${n}`, { addonRef: { name } });
    const work = watched(store);
    const second = await bed.startOperator(only);
    await eventually('half of them to end', async () => work.ended.length >= MANY / 2);
    await second.kill();
    await bed.startOperator(only);
    await eventually('all of them to be told', async () => {
      const { items } = await bed.client.list(InfluxBackup, { namespace });
      return items.filter((backup) => reasonOf(backup) === 'Completed').length === wanted.length;
    });

    expect(work.ended.toSorted()).toEqual(wanted.toSorted());
    expect(work.most).toBeLessThanOrEqual(10);
    expect(work.most).toBeGreaterThan(1);
    expect(work.twice).toEqual([]);
    expect(store.objects.size).toBe(wanted.length);
  });

  /** Jobs that take a moment, and who was at work at once. */
  function watched(store: FakeStore) {
    const atWork = new Map<string, string>();
    const seen = { ended: [] as string[], most: 0, twice: [] as string[] };
    store.behaviour = (spec) => {
      if (spec.operation !== 'backup') return undefined;
      const { addonName } = spec.about;
      const { uid } = spec.location;
      if (!atWork.has(uid)) {
        if ([...atWork.values()].includes(addonName)) seen.twice.push(addonName);
        atWork.set(uid, addonName);
        seen.most = Math.max(seen.most, atWork.size);
        return 'Runs';
      }
      atWork.delete(uid);
      seen.ended.push(addonName);
      return undefined;
    };
    return seen;
  }
});
