import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { HttpInfluxTransport } from '../../src/influx/transport.ts';
import { makeAuthority } from '../../src/tls/authority.ts';
import { systemSource } from '../../src/tls/key-pair.ts';
import { issueLeaf } from '../../src/tls/leaf.ts';
import { type S3Server, S3_CREDENTIALS, startS3Server } from '../cluster/s3-server.ts';
import { fill, fingerprints } from '../integration/backup/points.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';
import type { PodObject, Space } from './space.ts';

/** Backups on a real node: real Jobs, the agent in the database's pod, a real S3 server beyond the cluster. */
let shared: OperatorNode;
let s3: S3Server;
let authorityPem: string;
const transport = new HttpInfluxTransport();

beforeAll(async () => {
  shared = await startOperatorNode();
  const now = new Date();
  const authority = await makeAuthority({ commonName: 'store', now, lifetimeDays: 2, source: systemSource });
  authorityPem = authority.certPem;
  const names = { dnsNames: [], ipAddresses: [shared.node.hostIP] };
  const certificate = await issueLeaf({ authority, now, lifetimeDays: 1, ...names });
  s3 = await startS3Server(shared.node.hostIP, undefined, certificate);
});

afterAll(async () => {
  await shared?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
  await transport.close();
});

const GROUP = '/apis/influxaddon.dev/v1alpha1';

interface Backup {
  metadata: { uid: string };
  status?: {
    points?: number;
    verified?: string;
    store?: { name: string };
    restorable?: { points?: number };
    conditions?: { type: string; status: string; reason: string; message: string }[];
  };
}

async function makeSecret(space: Space, name: string, stringData: Record<string, string>): Promise<void> {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
  await space.api.send('POST', space.path('secrets'), secret);
}

/** A store that shows a certificate of an authority of its own; with an identity, what is in it is encrypted. */
async function makeStore(space: Space, identity?: string): Promise<void> {
  await makeSecret(space, 's3', {
    'access-key-id': S3_CREDENTIALS.accessKeyId,
    'secret-access-key': S3_CREDENTIALS.secretAccessKey,
  });
  await makeSecret(space, 's3-authority', { 'ca.crt': authorityPem });
  if (identity !== undefined) await makeSecret(space, 'age', { identity });
  const encryption =
    identity === undefined
      ? {}
      : {
          encryption: {
            recipients: [await identityToRecipient(identity)],
            identityRef: { name: 'age', key: 'identity' },
          },
        };
  await space.api.send('POST', `${GROUP}/namespaces/${space.namespace}/influxbackupstores`, {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxBackupStore',
    metadata: { name: 'nightly' },
    spec: {
      s3: {
        endpoint: s3.endpoint,
        bucket: s3.bucket,
        prefix: 'e2e',
        credentialsRef: { name: 's3' },
        caRef: { name: 's3-authority' },
        allowClusterInternal: true,
      },
      ...encryption,
    },
  });
}

async function makeVolumeStore(space: Space): Promise<void> {
  await space.api.send('POST', space.path('persistentvolumeclaims'), {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'shelf' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '200Mi' } } },
  });
  await space.api.send('POST', `${GROUP}/namespaces/${space.namespace}/influxbackupstores`, {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxBackupStore',
    metadata: { name: 'shelf' },
    spec: { pvc: { claimName: 'shelf' } },
  });
}

/** Makes an InfluxBackup by hand and waits until it is completed. */
async function backUp(space: Space, addon: string, name: string): Promise<Backup> {
  const path = `${GROUP}/namespaces/${space.namespace}/influxbackups`;
  await space.api.send('POST', path, {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxBackup',
    metadata: { name },
    spec: { addonRef: { name: addon }, kind: 'Manual' },
  });
  let last = '';
  const ended = await space
    .until(`the backup ${name}`, async () => {
      const backup = await space.api.get<Backup>(`${path}/${name}`);
      const conditions = backup?.status?.conditions ?? [];
      const ready = conditions.find(({ type }) => type === 'Ready');
      last = `${ready?.reason}: ${ready?.message}`;
      if (conditions.some(({ type, status }) => type === 'Stalled' && status === 'True')) return 'Failed';
      return ready?.status === 'True' && backup;
    })
    .catch((error: unknown) => {
      throw new Error(`${last}\n${String(error)}`);
    });
  if (ended === 'Failed') throw new Error(last);
  return ended;
}

/** The database of an addon with TLS, as its administrator sees it. */
async function clientOf(space: Space, addon: string): Promise<{ client: InfluxClient; id: string }> {
  const { id, origin, admin } = (await space.database(addon)).address;
  const { INFLUX_URL = '' } = await space.secret(`${addon}-influx`);
  const { 'ca.crt': ca = '' } = await space.secret(`${addon}-influx-tls`);
  const { hostname: host, port } = new URL(origin);
  const tls = { ca, servername: new URL(INFLUX_URL).hostname };
  const client = new InfluxClient(transport, { host, port: Number(port), tls }, admin, {
    timeoutMs: 120_000,
  });
  return { client, id };
}

describe('backups on a real node', () => {
  it('bring a million points of a thousand series in three policies, encrypted or from a volume, into new addons when the first is gone', async () => {
    const space = await shared.space('backups');
    await makeStore(space, await generateIdentity());
    const spec = { plan: '512m', tls: { mode: 'Required' } };
    const backups = { storeRef: { name: 'nightly' }, schedule: { mode: 'Disabled' }, verify: 'Weekly' };
    await space.create('metrics', { ...spec, backups, deletionPolicy: 'Delete' });
    await space.status('metrics', 'Ready');
    const { client, id } = await clientOf(space, 'metrics');
    await fill(client, id, { points: 1_000_000, series: 1_000 });
    const before = await fingerprints(client, id);
    const { status } = await backUp(space, 'metrics', 'first');
    expect(status).toMatchObject({ verified: 'Counts', points: 2_000_000 });
    await space.until('the drill', async () => {
      const path = `${GROUP}/namespaces/${space.namespace}/influxbackups/first`;
      return (await space.api.get<Backup>(path))?.status?.restorable?.points === 2_000_000;
    });

    // Once more, as it is, into a volume of the namespace.
    await makeVolumeStore(space);
    await space.edit('metrics', { backups: { ...backups, storeRef: { name: 'shelf' } } });
    await space.status('metrics', 'Ready');
    const shelved = await backUp(space, 'metrics', 'second');
    expect(shelved.status).toMatchObject({ verified: 'Counts', points: 2_000_000, store: { name: 'shelf' } });

    await space.delete('influxaddons', 'metrics');
    await space.until('the addon and its volume to be gone', async () => {
      const left = [
        await space.get('influxaddons', 'metrics'),
        await space.get('persistentvolumeclaims', 'metrics-influx-data'),
      ];
      return left.every((each) => each === undefined);
    });
    await space.create('again', { ...spec, restoreFrom: { backupRef: { name: 'first' } } });
    await space.status('again', 'Ready');
    const restored = await clientOf(space, 'again');
    expect(await fingerprints(restored.client, restored.id)).toEqual(before);

    await space.create('unshelved', { ...spec, restoreFrom: { backupRef: { name: 'second' } } });
    await space.status('unshelved', 'Ready');
    const unshelved = await clientOf(space, 'unshelved');
    expect(await fingerprints(unshelved.client, unshelved.id)).toEqual(before);
  });

  it('takes a file that InfluxDB wrote without the operator, and a running database, into new addons', async () => {
    const space = await shared.space('imports');
    await makeStore(space);
    const database = await space.ready('theirs');
    await database.fill('m', 500);
    const dump = '/var/lib/influxdb/dump';
    // The engine's images for tests have it by the other name.
    const encode = 'if command -v base64 >/dev/null; then base64; else busybox base64; fi';
    const file = await space.shell(
      'theirs',
      `influxd backup -portable -db ${database.address.id} ${dump} >/dev/null 2>&1 && tar -C ${dump} -czf - . | { ${encode}; }`,
    );
    const folder = join(s3.root, 'e2e', 'imports');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'theirs.tar.gz'), Buffer.from(file, 'base64'));
    await space.api.send('POST', `${GROUP}/namespaces/${space.namespace}/influxbackups`, {
      apiVersion: 'influxaddon.dev/v1alpha1',
      kind: 'InfluxBackup',
      metadata: {
        name: 'from-before',
        annotations: { 'influxaddon.dev/import': 'nightly/imports/theirs.tar.gz' },
      },
      spec: { addonRef: { name: 'mine' } },
    });
    await space.create('mine', { restoreFrom: { backupRef: { name: 'from-before' } } });
    await space.status('mine', 'Ready');
    const mine = await space.database('mine');
    expect(await mine.count('m')).toBe(500);
    expect(mine.address.id).not.toBe(database.address.id);
    await mine.fill('more', 10);
    expect(await mine.count('more')).toBe(10);

    // The same database by its URL, as the application has it, and as a user who may only read.
    const path = `${GROUP}/namespaces/${space.namespace}/influxbackups`;
    await database.asAdmin(`CREATE USER reader WITH PASSWORD 'only-reads'`);
    await database.asAdmin(`GRANT READ ON "${database.address.id}" TO reader`);
    const url = new URL((await space.secret('theirs-influx'))['INFLUX_URL'] ?? '');
    [url.username, url.password] = ['reader', 'only-reads'];
    await makeSecret(space, 'old-database', { url: url.href, 'allow-cluster-internal': 'true' });
    await space.api.send('POST', path, {
      apiVersion: 'influxaddon.dev/v1alpha1',
      kind: 'InfluxBackup',
      metadata: { name: 'live', annotations: { 'influxaddon.dev/import-from': 'old-database' } },
      spec: { addonRef: { name: 'copied' } },
    });
    await space.create('copied', { restoreFrom: { backupRef: { name: 'live' } } });
    await space.status('copied', 'Ready');
    const copied = await space.database('copied');
    expect(await copied.count('m')).toBe(500);
    await copied.fill('more', 10);
    expect(await copied.count('more')).toBe(10);
  });

  it('keeps a database Ready and reachable whose agent cannot run', async () => {
    const space = await shared.space('broken-agent');
    await makeStore(space);
    const database = await space.ready('metrics', { backups: { storeRef: { name: 'nightly' } } });
    await database.fill('m', 10);
    // As when the image of the agent is gone from the registry: the Service and the status must not care.
    const pod = await space.must<PodObject>('pods', 'metrics-influx-0');
    const at = pod.spec.containers.findIndex(({ name }) => name === 'agent');
    await space.api.send(
      'PATCH',
      space.path('pods', 'metrics-influx-0'),
      [{ op: 'replace', path: `/spec/containers/${at}/image`, value: 'no-such-image:0' }],
      'application/json-patch+json',
    );
    await space.until('the agent to be gone', async () => {
      const { status } = await space.pod('metrics');
      return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'False');
    });
    expect(await database.count('m')).toBe(10);
    expect(await space.status('metrics', 'Ready')).toContain('answers');
  });
});
