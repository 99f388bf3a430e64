import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installedRoles, type Right } from '../../build/rights.ts';
import { bindingName } from '../../src/addon/rights/role-binding.ts';
import { InfluxAddon, InfluxBackupStore } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import { KubeClient } from '../../src/kube/api/client.ts';
import type { HttpTransport } from '../../src/kube/api/http-transport.ts';
import {
  ConfigMap,
  DaemonSet,
  Deployment,
  Job,
  type Kind,
  PersistentVolumeClaim,
  Pod,
  RoleBinding,
  Secret,
  StatefulSet,
} from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { everyRight, granted } from './access-review.ts';
import { appOf } from './app.ts';
import { eventually } from './children.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER, type OperatorBed, transportFor } from './operator-bed.ts';
import { OPERATOR_AGENT } from '../requests.ts';
import { pick } from '../size.ts';
import { withOperatorBed } from './with-bed.ts';

const TENANT = 'influxaddon-operator-tenant';
const LOCK_NAMESPACE = 'kube-system';
const FOREIGN = pick(300, 30_000);
const GROUP = 'rbac.authorization.k8s.io';

let bed: OperatorBed;
/** With the operator's own rights, whatever its code does with them. */
let operator: KubeClient;
let http: HttpTransport | undefined;

withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
beforeAll(async () => {
  http = await transportFor(await bed.plane.userKubeconfig(OPERATOR_USER));
  operator = new KubeClient(http, { fieldManager: 'test' });
  await policiesInForce();
});
afterAll(async () => {
  await http?.close();
});

test('the API server grants the operator what the list of rights says, and nothing besides, in each place', async () => {
  await using admin = await adminTransport();
  const groups = ['authenticated', 'serviceaccounts', `serviceaccounts:${OPERATOR_NAMESPACE}`];
  const user = { name: OPERATOR_USER, groups: groups.map((group) => `system:${group}`) };
  // And what is served nowhere, as the right on finalizers.
  const shipped = installedRoles().flatMap(({ rights }) => rights.filter(({ names }) => names.length === 0));
  const every = [...(await everyRight(admin)), ...shipped];
  const here = await bed.namespace('reviewed');
  const nowhere = await bed.namespace('reviewed-bystander');
  await bed.startOperator({ only: here });
  await bed.addon(here, 'db');
  await bed.ready(here, 'db');

  const { everywhere, tenant, home, lock } = shippedRights();
  for (const [namespace, expected] of [
    [nowhere, everywhere],
    [here, [...everywhere, ...tenant]],
    [OPERATOR_NAMESPACE, [...everywhere, ...home]],
    [LOCK_NAMESPACE, [...everywhere, ...lock]],
  ] as const) {
    const unnamed = expected.filter(({ names }) => names.length === 0);
    const named = expected.flatMap((right) => right.names.map((name) => ({ ...right, names: [name] })));
    expect(listed(await granted(admin, user, namespace, every)), namespace).toEqual(
      listed([...unnamed, ...OF_EVERYBODY]),
    );
    expect(listed(await granted(admin, user, namespace, named)), namespace).toEqual(listed(named));
  }
});

describe.concurrent('where there is no addon, the operator', () => {
  test('sees no Secret, not even by name', async () => {
    const namespace = await bed.namespace('bystander');
    await bed.client.create(Secret, { metadata: { namespace, name: 'theirs' } });
    expect(await refusalOf(operator.get(Secret, { namespace, name: 'theirs' }))).toBe('Forbidden');
    expect(await refusalOf(operator.list(Secret, { namespace }))).toBe('Forbidden');
    expect(await refusalOf(operator.list(Secret))).toBe('Forbidden');
  });

  test('may write no workload, volume or Service', async () => {
    const namespace = await bed.namespace('no-writes');
    await bed.client.create(Deployment, appOf(namespace, 'web'));
    const patch = operator.patch(Deployment, { namespace, name: 'web' }, {}, { type: 'merge' });
    expect(await refusalOf(patch)).toBe('Forbidden');
    for (const kind of [StatefulSet, PersistentVolumeClaim, Secret, ConfigMap]) {
      const made = operator.create(kind as Kind<KubeObject>, { metadata: { namespace, name: 'x' } });
      expect(await refusalOf(made), kind.kind).toBe('Forbidden');
    }
  });

  test('cannot give itself the rights it has elsewhere', async () => {
    const namespace = await bed.namespace('no-addon');
    const binding = bindingIn(namespace);
    // Invalid: how the API server calls it that a policy misses its parameters.
    expect(await refusalOf(operator.create(RoleBinding, binding))).toBe('Invalid');
    const { labels: _, ...unlabelled } = binding.metadata;
    expect(await refusalOf(operator.create(RoleBinding, { ...binding, metadata: unlabelled }))).toBe(
      'Forbidden',
    );
    expect(await refusalOf(operator.create(RoleBinding, bindingIn('kube-system')))).toBe('Invalid');
  });

  test('may make no Job, labelled or not', async () => {
    const namespace = await bed.namespace('no-store');
    expect(await refusalOf(operator.create(Job, jobIn(namespace)))).toBe('Invalid');
    expect(await refusalOf(operator.create(Job, jobIn('kube-system')))).toBe('Invalid');
    const { labels: _, ...unlabelled } = jobIn(namespace).metadata;
    const job = { ...jobIn(namespace), metadata: unlabelled };
    expect(await refusalOf(operator.create(Job, job))).toBe('Forbidden');
    expect(await refusalOf(bed.client.create(Job, job))).toBe('Allowed');
  });

  test('may make Jobs where there is a store, which are nobody', async () => {
    const namespace = await bed.namespace('with-store');
    const store = { metadata: { namespace, name: 'nightly' }, spec: { pvc: { claimName: 'x' } } };
    await bed.client.create(InfluxBackupStore, store);
    await eventually('the store to be known', async () => {
      return (await refusalOf(operator.create(Job, jobIn(namespace)))) === 'Allowed';
    });
    const strong = jobIn(namespace, { serviceAccountName: 'strong' });
    expect(await refusalOf(operator.create(Job, strong))).toBe('Forbidden');
    const token = jobIn(namespace, { automountServiceAccountToken: true });
    expect(await refusalOf(operator.create(Job, token))).toBe('Forbidden');
    const volumes = [{ name: 'host', hostPath: { path: '/' } }];
    expect(await refusalOf(operator.create(Job, jobIn(namespace, { volumes })))).toBe('Forbidden');
  });

  test('deletes no Job of somebody else', async () => {
    const namespace = await bed.namespace('their-jobs');
    const { labels: _, generateName: __, ...metadata } = jobIn(namespace).metadata;
    const theirs = { namespace, name: 'theirs' };
    await bed.client.create(Job, { ...jobIn(namespace), metadata: { ...metadata, name: 'theirs' } });
    expect(await refusalOf(operator.delete(Job, theirs))).toBe('Forbidden');
    const spec = { pvc: { claimName: 'x' } };
    await bed.client.create(InfluxBackupStore, { metadata: { namespace, name: 'nightly' }, spec });
    const ours = { ...jobIn(namespace).metadata, name: 'ours' };
    await eventually('the store to be known', async () => {
      return (await refusalOf(operator.create(Job, { ...jobIn(namespace), metadata: ours }))) === 'Allowed';
    });
    expect(await refusalOf(operator.delete(Job, { namespace, name: 'ours' }))).toBe('Allowed');
    expect(await refusalOf(bed.client.delete(Job, theirs))).toBe('Allowed');
  });

  test('may make Jobs that copy a database where there is an addon, store or not, and nowhere else', async () => {
    const namespace = await bed.namespace('copies');
    const job = jobIn(namespace);
    const copy = { ...job, metadata: { ...job.metadata, labels: { 'influxaddon.dev/task': 'copy' } } };
    await eventually('a copy to be refused', async () => {
      return (await refusalOf(operator.create(Job, copy))) === 'Invalid';
    });
    await bed.addon(namespace, 'my-app');
    await eventually('the addon to be known', async () => {
      return (await refusalOf(operator.create(Job, copy))) === 'Allowed';
    });
    // Anything else is about a store.
    expect(await refusalOf(operator.create(Job, job))).toBe('Invalid');
  });

  test('is no reason for others to be refused a RoleBinding', async () => {
    const namespace = await bed.namespace('others');
    const { labels: _, ...metadata } = bindingIn(namespace).metadata;
    const subjects = [{ kind: 'User', name: 'somebody', apiGroup: GROUP }];
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' };
    const made = await bed.client.create(RoleBinding, { metadata, roleRef, subjects });
    await bed.client.delete(RoleBinding, { namespace, name: made.metadata.name });
  });
});

describe.concurrent('where there is an addon, the operator', () => {
  test.for([
    ['another role', { roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'cluster-admin' } }],
    ['somebody else', { subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'kube-system' }] }],
    ['everybody', { subjects: [{ kind: 'Group', name: 'system:authenticated', apiGroup: GROUP }] }],
    ['nobody', { subjects: [] }],
  ] as const)('cannot bind %s', async ([what, change]) => {
    const namespace = await bed.namespace(`bind-${what.replaceAll(' ', '-')}`);
    await bed.addon(namespace, 'db');
    const binding = { ...bindingIn(namespace), ...change } as RoleBinding;
    // Invalid, as where there is none, until the addon is known.
    await eventually('the binding to be refused for what it says', async () => {
      const refusal = await refusalOf(operator.create(RoleBinding, binding));
      expect(refusal).not.toBe('Allowed');
      return refusal === 'Forbidden';
    });
  });

  test(`asks for its own Secrets only, among ${FOREIGN} of others`, async () => {
    const namespace = await bed.namespace('crowded');
    const { operator: started } = await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'db');
    await bed.ready(namespace, 'db');
    const numbers = Array.from({ length: FOREIGN }, (_, index) => index).values();
    const write = async (): Promise<void> => {
      for (const number of numbers)
        await bed.client.create(Secret, { metadata: { namespace, name: `foreign-${number}` } });
    };
    await Promise.all(Array.from({ length: 16 }, write));
    // One that comes after all those has its Secrets, so that the watch was there for the others too.
    await bed.addon(namespace, 'later');
    await bed.ready(namespace, 'later');
    const kept = [...started.stores.secrets.list()].map(({ metadata }) => metadata.name);
    expect(kept.filter((name) => name.startsWith('foreign-'))).toEqual([]);
    expect(kept.filter((name) => name.startsWith('later'))).not.toEqual([]);
    const asked = (await bed.plane.auditEntries({ user: OPERATOR_USER })).filter(
      (entry) => entry.resource === 'secrets' && entry.namespace === namespace,
    );
    const ofMany = asked.filter(({ verb, userAgent }) => verb !== 'create' && userAgent === OPERATOR_AGENT);
    expect(ofMany.length).toBeGreaterThan(0);
    for (const { uri, verb } of ofMany)
      if (verb === 'list' || verb === 'watch') expect(uri).toMatch(/labelSelector=|fieldSelector=/);
    expect(asked.filter(({ name }) => name?.startsWith('foreign-'))).toEqual([]);
  });

  test('makes no StatefulSet that is somebody, or has anything of its node', async () => {
    const namespace = await bed.namespace('own-sets');
    await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'db');
    await bed.ready(namespace, 'db');
    const made = (pod: object) => refusalOf(operator.create(StatefulSet, setIn(namespace, pod)));
    expect(await made({})).toBe('Allowed');
    const token = { sources: [{ serviceAccountToken: { path: 'token' } }] };
    for (const pod of [
      { serviceAccountName: 'strong' },
      { automountServiceAccountToken: true },
      { hostNetwork: true },
      { hostPID: true },
      { hostIPC: true },
      { volumes: [{ name: 'host', hostPath: { path: '/' } }] },
      { volumes: [{ name: 'token', projected: token }] },
      { containers: [{ ...CONTAINER, securityContext: { privileged: true } }] },
      { initContainers: [{ ...CONTAINER, name: 'i', securityContext: { privileged: true } }] },
      { containers: [{ ...CONTAINER, securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }] },
    ])
      expect(await made(pod), JSON.stringify(pod)).toBe('Forbidden');
    expect(await refusalOf(bed.client.create(StatefulSet, setIn(namespace, { hostPID: true })))).toBe(
      'Allowed',
    );
  });

  test('makes no Secret for the token of a service account, and no pod', async () => {
    const namespace = await bed.namespace('no-tokens');
    await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'db');
    await bed.ready(namespace, 'db');
    const annotations = { 'kubernetes.io/service-account.name': 'default' };
    const metadata = { namespace, name: 'token', annotations };
    const secret = { metadata, type: 'kubernetes.io/service-account-token' };
    expect(await refusalOf(operator.create(Secret, secret))).toBe('Forbidden');
    expect(await refusalOf(operator.create(Secret, { metadata }))).toBe('Allowed');
    const pod = { metadata: { namespace, name: 'asked' }, spec: { containers: [CONTAINER] } };
    expect(await refusalOf(operator.create(Pod, pod))).toBe('Forbidden');
    expect(await refusalOf(operator.dryRun('create', Pod, pod))).toBe('Allowed');
  });

  test('leaves apps and additions what they have of a node, and gives them no more of it', async () => {
    const namespace = await bed.namespace('as-before');
    await bed.startOperator({ only: namespace });
    const app = appOf(namespace, 'agent');
    const strong = {
      serviceAccountName: 'strong',
      hostNetwork: true,
      volumes: [{ name: 'host', hostPath: { path: '/var/log', type: '' } }],
      containers: [{ ...CONTAINER, securityContext: { privileged: true } }],
    };
    const template = { metadata: app.spec?.template?.metadata ?? {}, spec: strong };
    for (const kind of [Deployment, StatefulSet, DaemonSet]) {
      const { selector } = app.spec ?? {};
      const spec = { selector, template, ...(kind === StatefulSet ? { serviceName: 'agent' } : {}) };
      await bed.client.create(kind as Kind<KubeObject>, { ...app, spec } as KubeObject);
    }
    await bed.addon(namespace, 'db', {
      apps: [{ name: 'agent', env: 'Inject' }],
    });
    await bed.ready(namespace, 'db');
    const injected = await bed.client.get(Deployment, { namespace, name: 'agent' });
    expect(JSON.stringify(injected?.spec)).toContain('INFLUX_URL');
    const patched = (kind: unknown, pod: object) =>
      refusalOf(
        operator.patch(
          kind as Kind<KubeObject>,
          { namespace, name: 'agent' },
          { spec: { template: { metadata: { annotations: { a: 'b' } }, spec: pod } } },
          { type: 'strategic' },
        ),
      );
    for (const kind of [Deployment, StatefulSet, DaemonSet]) {
      expect(await patched(kind, {})).toBe('Allowed');
      expect(await patched(kind, { serviceAccountName: 'stronger' })).toBe('Forbidden');
      expect(await patched(kind, { hostPID: true })).toBe('Forbidden');
      const volumes = [{ name: 'root', hostPath: { path: '/' } }];
      expect(await patched(kind, { volumes })).toBe('Forbidden');
      const more = [
        { name: 'more', image: 'registry.example/more:1', securityContext: { privileged: true } },
      ];
      expect(await patched(kind, { containers: more })).toBe('Forbidden');
    }

    const name = 'db-influx';
    const added = { spec: { template: { spec: { volumes: strong.volumes } } } };
    await bed.client.patch(StatefulSet, { namespace, name }, added, { type: 'strategic' });
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'db' },
      { spec: { plan: '1g' } },
      { type: 'merge' },
    );
    await bed.until(namespace, 'db', 'on the new plan', ({ status }) => status?.plan === '1g');
    const set = await bed.client.get(StatefulSet, { namespace, name });
    expect(set?.spec?.template?.spec?.volumes?.map((volume) => volume.name)).toContain('host');
  });

  test('cannot take a RoleBinding of somebody else away', async () => {
    const namespace = await bed.namespace('keep-theirs');
    await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'db');
    await bed.ready(namespace, 'db');
    const metadata = { namespace, name: 'theirs' };
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' };
    await bed.client.create(RoleBinding, { metadata, roleRef, subjects: [] });
    expect(await refusalOf(operator.delete(RoleBinding, metadata))).toBe('Forbidden');
  });

  test('owns what it makes where that takes a right on the owner, and nothing of the kinds it never owns so', async () => {
    const namespace = await bed.namespace('owned');
    await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'db');
    const { metadata } = await bed.ready(namespace, 'db');
    const spec = { pvc: { claimName: 'x' } };
    const store = await bed.client.create(InfluxBackupStore, { metadata: { namespace, name: 'kept' }, spec });
    const ownedBy = (kind: string, { name, uid }: { name: string; uid: string }) => {
      const owner = { apiVersion: 'influxaddon.dev/v1alpha1', kind, name, uid, blockOwnerDeletion: true };
      return { metadata: { namespace, generateName: 'owned-', ownerReferences: [owner] } };
    };
    const made = (object: KubeObject) => refusalOf(operator.create(Secret, object as Secret));
    expect(await made(ownedBy('InfluxAddon', metadata))).toBe('Allowed');
    // The bed does ask: OwnerReferencesPermissionEnforcement is on.
    expect(await made(ownedBy('InfluxBackupStore', store.metadata))).toBe('Forbidden');
  });

  test('loses its rights with the last addon, and gets them back when somebody takes them away', async () => {
    const namespace = await bed.namespace('come-and-go');
    await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'one');
    await bed.addon(namespace, 'two');
    await bed.ready(namespace, 'one');
    await bed.ready(namespace, 'two');
    expect((await operator.list(Secret, { namespace })).items.length).toBeGreaterThan(0);

    for (const { metadata } of (await bed.client.list(RoleBinding, { namespace })).items)
      await bed.client.delete(RoleBinding, { namespace, name: metadata.name });
    await eventually('the rights to be back', async () => {
      const back = await bed.client.list(RoleBinding, { namespace });
      return back.items.length === 2;
    });

    for (const name of ['one', 'two']) await bed.client.delete(InfluxAddon, { namespace, name });
    await eventually('the rights to be gone', async () => {
      return (await refusalOf(operator.list(Secret, { namespace }))) === 'Forbidden';
    });
  });

  test('gets its rights again, and finishes, when it comes back as somebody else', async () => {
    const namespace = await bed.namespace('moved');
    const before = await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'stays');
    await bed.addon(namespace, 'ends', { deletionPolicy: 'Delete' });
    await bed.ready(namespace, 'stays');
    await bed.ready(namespace, 'ends');
    await before.stop();
    await bed.client.delete(InfluxAddon, { namespace, name: 'ends' });
    // What an installation under another name left behind.
    for (const { metadata } of (await bed.client.list(RoleBinding, { namespace })).items) {
      await bed.client.delete(RoleBinding, { namespace, name: metadata.name });
      const { name, labels = {}, ownerReferences = [] } = metadata;
      const left = { namespace, name: name.replace(/[^-]+$/, '00000000'), labels, ownerReferences };
      const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'another-tenant' };
      await bed.client.create(RoleBinding, { metadata: left, roleRef, subjects: [] });
    }
    await bed.startOperator({ only: namespace });
    await eventually('the deletion to be finished', async () => {
      return (await bed.client.get(InfluxAddon, { namespace, name: 'ends' })) === undefined;
    });
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'stays' },
      { spec: { plan: '1g' } },
      { type: 'merge' },
    );
    await bed.until(namespace, 'stays', 'on the new plan', ({ status }) => status?.plan === '1g');
  });

  test('cleans up after a foreground deletion, which takes its rights away first', async () => {
    const namespace = await bed.namespace('foreground');
    await bed.startOperator({ only: namespace });
    await bed.client.create(Deployment, appOf(namespace, 'web'));
    await bed.addon(namespace, 'db', {
      deletionPolicy: 'Delete',
      apps: [{ name: 'web', env: 'Inject' }],
    });
    await bed.ready(namespace, 'db');
    await bed.client.delete(InfluxAddon, { namespace, name: 'db' }, { propagationPolicy: 'Foreground' });
    await eventually('the addon to be gone', async () => {
      return (await bed.client.get(InfluxAddon, { namespace, name: 'db' })) === undefined;
    });
    const left = await Promise.all(
      [Secret, PersistentVolumeClaim, StatefulSet, RoleBinding].map(async (kind) => {
        const { items } = await bed.client.list(kind as Kind<KubeObject>, { namespace });
        return items.map(({ metadata }) => `${kind.kind}/${metadata.name}`);
      }),
    );
    expect(left.flat()).toEqual([]);
    const web = await bed.client.get(Deployment, { namespace, name: 'web' });
    expect(JSON.stringify(web?.spec)).not.toContain('INFLUX_URL');
  });

  test('gives its rights back when an addon is deleted without what it made, which stays and is taken over', async () => {
    const namespace = await bed.namespace('orphaned');
    await bed.startOperator({ only: namespace });
    await bed.addon(namespace, 'db');
    const { status } = await bed.ready(namespace, 'db');
    const set = { namespace, name: 'db-influx' };
    const before = await bed.client.get(StatefulSet, set);
    await bed.client.delete(InfluxAddon, { namespace, name: 'db' }, { propagationPolicy: 'Orphan' });
    await eventually('the rights to be gone', async () => {
      return (await bed.client.list(RoleBinding, { namespace })).items.length === 0;
    });
    // They go before its last finalizer does.
    await eventually('the addon to be gone', async () => {
      return (await bed.client.get(InfluxAddon, { namespace, name: 'db' })) === undefined;
    });
    const left = await bed.client.get(StatefulSet, set);
    expect(left?.metadata).toMatchObject({
      uid: before?.metadata.uid,
      generation: before?.metadata.generation,
    });
    expect(left?.metadata.ownerReferences ?? []).toEqual([]);

    await bed.addon(namespace, 'db');
    const again = await bed.ready(namespace, 'db');
    expect(again.status?.id).toBe(status?.id);
    const taken = await bed.client.get(StatefulSet, set);
    expect(taken?.metadata.uid).toBe(before?.metadata.uid);
    expect(taken?.metadata.ownerReferences?.[0]?.uid).toBe(again.metadata.uid);
  });

  test('says so when it is refused its rights, and goes on when it is not any more', async () => {
    const namespace = await bed.namespace('name-taken');
    await bed.startOperator({ only: namespace });
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' };
    const tenancy = { role: TENANT, username: OPERATOR_USER };
    const metadata = { namespace, name: bindingName('db', tenancy) };
    await bed.client.create(RoleBinding, { metadata, roleRef, subjects: [] });
    await bed.addon(namespace, 'db');
    const blocked = await bed.until(namespace, 'db', 'blocked', (addon) => stalled(addon)?.status === 'True');
    expect(stalled(blocked)).toMatchObject({ reason: 'NameConflict' });
    expect(stalled(blocked)?.message).toContain(`RoleBinding ${metadata.name}`);
    await bed.client.delete(RoleBinding, metadata);
    await bed.ready(namespace, 'db');
  });
});

/** Of whoever is authenticated: to ask who he is, and what he may. */
const OF_EVERYBODY = ['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'].map(
  (resource) => ({
    group: resource === 'selfsubjectreviews' ? 'authentication.k8s.io' : 'authorization.k8s.io',
    resource,
    verb: 'create',
    names: [],
  }),
);

/** What the default installation's list says of the operator itself, by where it holds. */
function shippedRights(): Record<'everywhere' | 'tenant' | 'home' | 'lock', Right[]> {
  const of = (name: string, namespace?: string): Right[] => [
    ...(installedRoles().find((role) => role.name === name && role.namespace === namespace)?.rights ?? []),
  ];
  return {
    everywhere: of('influxaddon-operator'),
    tenant: of(TENANT),
    home: of('influxaddon-operator', OPERATOR_NAMESPACE),
    lock: of('influxaddon-operator-lock', LOCK_NAMESPACE),
  };
}

function listed(rights: readonly Right[]): string[] {
  const names = rights.map(({ group, resource, verb, names: [name] }) =>
    `${verb} ${resource}.${group} ${name ?? ''}`.trim(),
  );
  return [...new Set(names)].toSorted();
}

async function adminTransport(): Promise<HttpTransport & AsyncDisposable> {
  const admin = await transportFor(bed.plane.kubeconfig);
  return Object.assign(admin, { [Symbol.asyncDispose]: () => admin.close() });
}

function stalled(addon: InfluxAddonLike) {
  return addon.status?.conditions?.find(({ type }) => type === 'Stalled');
}

type InfluxAddonLike = Awaited<ReturnType<OperatorBed['get']>>;

function bindingIn(namespace: string): RoleBinding & { metadata: NonNullable<RoleBinding['metadata']> } {
  return {
    metadata: { namespace, name: 'mine', labels: { 'influxaddon.dev/addon': 'db' } },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: TENANT },
    subjects: [{ kind: 'ServiceAccount', name: 'influxaddon-operator', namespace: OPERATOR_NAMESPACE }],
  };
}

function jobIn(namespace: string, pod: object = {}): Job & { metadata: NonNullable<Job['metadata']> } {
  const spec = {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    containers: [CONTAINER],
    ...pod,
  };
  return {
    metadata: {
      namespace,
      generateName: 'task-',
      labels: { 'influxaddon.dev/task': 'backup' },
    },
    spec: { template: { spec } },
  };
}

const CONTAINER = { name: 'main', image: 'registry.example/task:1' };

function setIn(namespace: string, pod: object): StatefulSet {
  const labels = { app: 'set' };
  const spec = { automountServiceAccountToken: false, containers: [CONTAINER], ...pod };
  return {
    metadata: { namespace, generateName: 'set-' },
    spec: { serviceName: 'set', selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

/** The API server compiles policies a moment after they are made, and asks nobody by them before. This is the last one. */
async function policiesInForce(): Promise<void> {
  const namespace = await bed.namespace('first');
  const job = jobIn(namespace);
  const copy = { ...job, metadata: { ...job.metadata, labels: { 'influxaddon.dev/task': 'copy' } } };
  await eventually('the policies to be in force', async () => {
    return (await refusalOf(operator.create(Job, copy))) === 'Invalid';
  });
}

async function refusalOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'Allowed';
  } catch (error) {
    return ApiError.from(error).reason;
  }
}
