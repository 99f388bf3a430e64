import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';
import type { Space } from './space.ts';

/** Backups and restores on a real node: real engines, real Jobs, and a store on a volume of the namespace. */
let shared: OperatorNode;

beforeAll(async () => {
  shared = await startOperatorNode();
});

afterAll(() => shared?.[Symbol.asyncDispose]());

interface Told {
  metadata: { uid: string };
  status?: {
    verified?: string;
    points?: number;
    claim?: string;
    previousClaim?: string;
    conditions?: { type: string; status: string; reason: string; message: string }[];
  };
}

const GROUP = '/apis/influxaddon.dev/v1alpha1';

async function make(space: Space, kind: string, plural: string, name: string, spec: object): Promise<void> {
  const apiVersion = 'influxaddon.dev/v1alpha1';
  const path = `${GROUP}/namespaces/${space.namespace}/${plural}`;
  await space.api.send('POST', path, { apiVersion, kind, metadata: { name }, spec });
}

async function done(space: Space, plural: string, name: string): Promise<Told> {
  return await space.until(`${plural} ${name} to end`, async () => {
    const object = await space.api.get<Told>(`${GROUP}/namespaces/${space.namespace}/${plural}/${name}`);
    const is = (type: string) => object?.status?.conditions?.find((each) => each.type === type);
    if (is('Stalled')?.status === 'True') throw new Error(`${name}: ${is('Stalled')?.message}`);
    return is('Ready')?.status === 'True' && object;
  });
}

async function withStore(space: Space): Promise<void> {
  await space.api.send('POST', `/api/v1/namespaces/${space.namespace}/persistentvolumeclaims`, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'archive' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '200Mi' } } },
  });
  await make(space, 'InfluxBackupStore', 'influxbackupstores', 'nightly', { pvc: { claimName: 'archive' } });
}

/** Writes as an application does, until it is stopped; then says how many points were taken since the first refusal. */
function writing(database: Database): { stop: () => Promise<number> } & AsyncDisposable {
  let stopped = false;
  const ended = (async () => {
    let refused = false;
    let taken = 0;
    for (let n = 0; !stopped; n += 1) {
      const answer = await database
        .write([`meanwhile n=${n}i ${1_700_000_000 + n}`])
        .then(() => 'taken', String);
      if (answer.includes('write: 403')) refused = true;
      if (answer === 'taken' && refused) taken += 1;
      await delay(20);
    }
    expect(refused).toBe(true);
    return taken;
  })();
  // Told when it is stopped, and not before.
  ended.catch(() => {});
  const stop = (): Promise<number> => {
    stopped = true;
    return ended;
  };
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop().catch(() => {});
    },
  };
}

test('a backup is restored into the addon it is of, and into a new one, with every point', async () => {
  const space = await shared.space('backups');
  await withStore(space);
  const database = await space.ready('my-app', { backups: { storeRef: { name: 'nightly' } } });
  await database.fill('kept', 500);
  await done(space, 'influxbackupstores', 'nightly');
  await make(space, 'InfluxBackup', 'influxbackups', 'mine', { addonRef: { name: 'my-app' } });
  const backup = await done(space, 'influxbackups', 'mine');
  expect(backup.status).toMatchObject({ verified: 'Counts', points: 500 });

  await database.fill('later', 100);
  const { id } = (await space.addon('my-app')).status ?? {};
  const { uid } = (await space.pod('my-app')).metadata;
  await using writer = writing(database);
  await make(space, 'InfluxRestore', 'influxrestores', 'undo', {
    backupRef: { name: 'mine' },
    addonRef: { name: 'my-app' },
    overwrite: id,
  });
  const restore = await done(space, 'influxrestores', 'undo');
  expect((await space.pod('my-app')).metadata.uid).not.toBe(uid);
  const restored = await space.database('my-app');
  // Whatever was taken since the first refusal is there: none of it went to the volume that was left.
  const taken = await writer.stop();
  expect(await restored.count('meanwhile')).toBe(taken);
  expect([await restored.count('kept'), await restored.count('later')]).toEqual([500, 0]);
  await restored.fill('after', 10);
  expect(await restored.count('after')).toBe(10);
  // The data of before is kept.
  expect(await space.get('persistentvolumeclaims', restore.status?.previousClaim ?? '')).toBeDefined();

  const copy = await space.ready('copy', { restoreFrom: { backupRef: { name: 'mine' } } });
  expect([await copy.count('kept'), await copy.count('later')]).toEqual([500, 0]);
  await copy.fill('own', 10);
  expect(await copy.count('own')).toBe(10);
});
