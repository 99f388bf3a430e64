import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BedApi, BedApiError, waitFor } from '../cluster/bed-api.ts';
import { readBed } from '../cluster/bed.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { readKubeconfig } from '../cluster/kubeconfig.ts';
import { leftovers, tracesOf } from '../cluster/leftovers.ts';
import { PATIENCE_MS } from '../patience.ts';

describe('a control plane', () => {
  let plane: ControlPlane;
  let admin: BedApi;

  beforeAll(async () => {
    plane = await startControlPlane({ users: ['reader'], crds: [crd] });
    admin = await as(plane.kubeconfig);
  });
  afterAll(() => plane?.stop());

  test('is Kubernetes 1.35', async () => {
    expect(await admin.send('GET', '/version')).toMatchObject({
      gitVersion: 'v1.35.4',
      major: '1',
      minor: '35',
    });
  });

  test('serves the custom resources that it was started with', async () => {
    const widget = { apiVersion: 'bed.test/v1', kind: 'Widget', metadata: { name: 'one' } };
    await admin.apply('/apis/bed.test/v1/namespaces/default/widgets/one', widget);
    expect(await admin.get('/apis/bed.test/v1/namespaces/default/widgets/one')).toMatchObject(widget);
  });

  test('collects what a deleted custom resource owned', async () => {
    const widgets = '/apis/bed.test/v1/namespaces/default/widgets';
    const owner = { apiVersion: 'bed.test/v1', kind: 'Widget', metadata: { name: 'owner' } };
    const made = (await admin.apply(`${widgets}/owner`, owner)) as { metadata: { uid: string } };
    const reference = { apiVersion: 'bed.test/v1', kind: 'Widget', name: 'owner', uid: made.metadata.uid };
    const secret = '/api/v1/namespaces/default/secrets/owned';
    const metadata = { name: 'owned', ownerReferences: [reference] };
    await admin.apply(secret, { apiVersion: 'v1', kind: 'Secret', metadata });
    await admin.send('DELETE', `${widgets}/owner`);
    await waitFor('the Secret to go', async () => (await admin.get(secret)) === undefined, wait);
  });

  test('makes the pods of a StatefulSet, which wait for a node', async () => {
    const labels = { app: 'db' };
    const containers = [{ name: 'main', image: 'nothing' }];
    await admin.apply('/apis/apps/v1/namespaces/default/statefulsets/db', {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        selector: { matchLabels: labels },
        serviceName: 'db',
        template: { metadata: { labels }, spec: { containers } },
      },
    });
    const pod = await waitFor(
      'pod db-0',
      () => admin.get<object>('/api/v1/namespaces/default/pods/db-0'),
      wait,
    );
    // The API server mounts a token only when service accounts work.
    expect(pod).toMatchObject({ status: { phase: 'Pending' }, spec: { serviceAccountName: 'default' } });
  });

  test('removes a namespace with everything in it, and refuses what a quota forbids', async () => {
    const path = '/api/v1/namespaces/short-lived';
    await admin.apply(path, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short-lived' } });
    await admin.apply(`${path}/resourcequotas/none`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none' },
      spec: { hard: { 'count/secrets': '0' } },
    });
    const used = async (): Promise<boolean> =>
      (await admin.get<{ status?: { used?: object } }>(`${path}/resourcequotas/none`))?.status?.used !==
      undefined;
    await waitFor('the quota to be counted', used, wait);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'one-too-many' } };
    await expect(admin.apply(`${path}/secrets/one-too-many`, secret)).rejects.toThrow(/exceeded quota/);
    await admin.send('DELETE', path);
    await waitFor('the namespace to go', async () => (await admin.get(path)) === undefined, wait);
  });

  test('gives a user no right until RBAC does', async () => {
    const reader = await as(await plane.userKubeconfig('reader'));
    await expect(reader.send('GET', '/api/v1/namespaces/default/secrets')).rejects.toMatchObject({
      status: 403,
    });
    await admin.apply('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/reader', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
    });
    await waitFor('the right', () => reader.send('GET', '/api/v1/namespaces/default/secrets'), wait);
  });

  test('knows a user that is added later, and a service account', async () => {
    const late = await as(await plane.userKubeconfig('late', ['system:masters']));
    expect(await late.send('GET', '/api/v1/namespaces/default')).toMatchObject({ kind: 'Namespace' });
    const account = await as(await plane.serviceAccountKubeconfig('default', 'default'));
    await expect(account.send('GET', '/api/v1/namespaces/default/secrets')).rejects.toThrow(
      /system:serviceaccount:default:default/,
    );
  });

  test('counts the requests of each user exactly', async () => {
    const writer = await as(await plane.userKubeconfig('writer'));
    const since = Date.now();
    const path = '/api/v1/namespaces/default/configmaps';
    for (let count = 0; count < 7; count++) await writer.send('GET', `${path}/none`).catch(ignore403);
    for (let count = 0; count < 5; count++) await writer.send('DELETE', `${path}/none`).catch(ignore403);
    await writer.send('GET', '/apis/coordination.k8s.io/v1/namespaces/default/leases/none').catch(ignore403);
    await writer.send('DELETE', '/apis/events.k8s.io/v1/namespaces/default/events/none').catch(ignore403);
    await writer.send('DELETE', `${path}/none?dryRun=All`).catch(ignore403);
    expect(await plane.auditCounts('writer', since)).toEqual({
      reads: 7,
      writes: 5,
      events: 1,
      leases: 1,
      dryRuns: 1,
      by: { 'get configmaps': 7, 'delete configmaps': 6, 'get leases': 1, 'delete events': 1 },
    });
    const [first] = await plane.auditEntries({ user: 'writer', since });
    expect(first).toMatchObject({
      verb: 'get',
      resource: 'configmaps',
      name: 'none',
      namespace: 'default',
      code: 403,
    });
  });

  test('has its objects and its address again after the API server was killed', async () => {
    const before = await admin.get<{ metadata: { uid: string } }>('/api/v1/namespaces/default');
    await plane.restartApiserver();
    expect(await admin.get('/api/v1/namespaces/default')).toMatchObject({
      metadata: { uid: before?.metadata.uid },
    });
  });

  test('leaves nothing behind when it is stopped', async () => {
    const traces = await tracesOf((await readBed(plane.name))!);
    expect(await leftovers(traces)).toContainEqual(expect.stringMatching(/^process.*kube-apiserver/));
    await plane.stop();
    expect(await leftovers(traces)).toEqual([]);
  });
});

const wait = { timeoutMs: PATIENCE_MS };

async function as(kubeconfig: string): Promise<BedApi> {
  return new BedApi(await readKubeconfig(kubeconfig));
}

function ignore403(error: unknown): void {
  if (!(error instanceof BedApiError) || error.status !== 403) throw error;
}

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.bed.test' },
  spec: {
    group: 'bed.test',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};
