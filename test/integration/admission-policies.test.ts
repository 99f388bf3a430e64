import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operatorManifests } from '../../build/operator-manifests.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import { KubeClient } from '../../src/kube/api/client.ts';
import type { HttpTransport } from '../../src/kube/api/http-transport.ts';
import { Namespace, RoleBinding, type Kind } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { eventually, namespaceGone } from './children.ts';
import { Clients } from './clients.ts';
import { isReady, type OperatorBed, transportFor } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

const ADMISSION = 'admissionregistration.k8s.io';
const RBAC = 'rbac.authorization.k8s.io';
const addons = [{ apiGroups: ['influxaddon.dev'], resources: ['influxaddons'], verbs: ['*'] }];
const names = Array.from({ length: 17 }, (_, index) => `app-${index}`);

/** What the users of these tests may do in a namespace. */
const USERS = {
  /** As the cluster's `edit` role does. */
  owner: [...addons, { apiGroups: ['apps'], resources: ['*'], verbs: ['*'] }],
  outsider: [...addons, { apiGroups: ['apps'], resources: ['*'], verbs: ['get', 'list', 'watch', 'create'] }],
  oneapp: [
    ...addons,
    { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web', ...names], verbs: ['patch'] },
  ],
};
type User = keyof typeof USERS;

let bed: OperatorBed;
let programs: Clients;
const clients = new Map<User, KubeClient>();
const transports: HttpTransport[] = [];

withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File', users: Object.keys(USERS) },
);
beforeAll(async () => {
  programs = await Clients.open(bed.plane.kubeconfig);
  for (const name of Object.keys(USERS) as User[]) {
    const transport = await transportFor(await bed.plane.userKubeconfig(name));
    transports.push(transport);
    clients.set(name, new KubeClient(transport, { fieldManager: name }));
  }
  for (const manifest of operatorManifests('0.0.0') as KubeObject[]) {
    // The bed has those that come with the operator's rights.
    if (manifest.metadata?.name?.includes('-tenancy')) continue;
    if (manifest.kind === 'ValidatingAdmissionPolicy')
      await bed.client.create(policyKind('ies', ''), manifest);
    if (manifest.kind === 'ValidatingAdmissionPolicyBinding')
      await bed.client.create(policyKind('ybindings', 'Binding'), manifest);
  }
  await bed.startOperator();
  // The API server takes a moment to know a new policy.
  await space('warm-up');
  await eventually('the policies', async () => {
    const said = await attempt('outsider', 'warm-up', `db-${Math.random().toString(36).slice(2, 8)}`, [
      'web',
    ]);
    return said !== '';
  });
  await bed.addon('warm-up', 'kept', { deletionProtection: 'Enabled', state: 'Stopped' });
  await eventually('the protection', async () => {
    const asked = bed.client.delete(InfluxAddon, { namespace: 'warm-up', name: 'kept' });
    return await asked.then(
      () =>
        bed.addon('warm-up', 'kept', { deletionProtection: 'Enabled', state: 'Stopped' }).then(() => false),
      (error: unknown) => ApiError.from(error).isForbidden,
    );
  });
});
afterAll(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
  await programs?.[Symbol.asyncDispose]();
});

describe.concurrent('whoever names an app in an addon has to be allowed to patch it', () => {
  test('a new addon: by rights on the kind, or on the one app', async () => {
    const namespace = await space('naming');
    expect(
      await attempt('owner', namespace, 'all', ['web', 'other', 'StatefulSet/db', 'DaemonSet/agent']),
    ).toBe('');
    expect(await attempt('oneapp', namespace, 'one', ['web'])).toBe('');
    expect(await attempt('outsider', namespace, 'none', [])).toBe('');
    expect(await attempt('outsider', namespace, 'named', ['web'])).toBe(
      `spec.apps: outsider may not patch deployments.apps "web" in namespace ${namespace}, which an addon that names it restarts; that right is needed: verb patch`,
    );
    expect(await attempt('oneapp', namespace, 'two', ['web', 'other'])).toMatch(
      /oneapp may not patch deployments\.apps "other"/,
    );
    expect(await attempt('oneapp', namespace, 'two', ['StatefulSet/web'])).toMatch(
      /may not patch statefulsets\.apps "web"/,
    );
  });

  test('as many apps as there may be, and sixteen at once by their names', async () => {
    const namespace = await space('many');
    const all = Array.from({ length: 64 }, (_, index) => `app-${index}`);
    expect(await attempt('owner', namespace, 'all', all)).toBe('');
    expect(await attempt('oneapp', namespace, 'named', names.slice(0, 16))).toBe('');
    expect(await attempt('oneapp', namespace, 'too-many', names)).toMatch(
      /at most 16 apps may be added at once/,
    );
    expect(await attempt('oneapp', namespace, 'some', [...names.slice(0, 15), 'other'])).toMatch(/"other"/);
    expect(await attempt('outsider', namespace, 'all-of-them', all)).toMatch(/at most 16 apps/);
    // Those that are in already are not asked for again.
    await edit('oneapp', namespace, 'named', { apps: names.map((name) => ({ name })) });
  });

  test('an edit: only for apps that it adds or changes, never for anything else', async () => {
    const namespace = await space('editing');
    expect(await attempt('owner', namespace, 'db', ['web', 'other'])).toBe('');
    await edit('outsider', namespace, 'db', { plan: '1g', deletionPolicy: 'Delete' });
    await expect(
      edit('outsider', namespace, 'db', { apps: [{ name: 'web', env: 'Inject' }] }),
    ).rejects.toThrow(/outsider may not patch deployments\.apps "web"/);
    await expect(
      edit('oneapp', namespace, 'db', { apps: [{ name: 'web' }, { name: 'third' }] }),
    ).rejects.toThrow(/"third"/);
    await edit('oneapp', namespace, 'db', { apps: [{ name: 'web', env: 'Inject' }, { name: 'other' }] });
    await edit('outsider', namespace, 'db', { apps: [{ name: 'other' }] });
    const key = { namespace, name: 'db' };
    const labels = { metadata: { labels: { team: 'shop' } } };
    await clients.get('outsider')?.patch(InfluxAddon, key, labels, { type: 'merge' });
  });

  test('the operator itself works under these policies', async () => {
    const namespace = await space('operated');
    expect(await attempt('owner', namespace, 'db', ['web'])).toBe('');
    const addon = await bed.ready(namespace, 'db');
    expect(isReady(addon)).toBe(true);
    await clients.get('owner')?.delete(InfluxAddon, { namespace, name: 'db' });
    await gone(namespace, 'db');
  });
});

describe.concurrent('deletion protection', () => {
  test('refuses a deletion, and says how to lift it', async () => {
    const namespace = await space('protected');
    const kubectl = (...args: string[]) => programs.kubectl(namespace, args);
    await bed.addon(namespace, 'db', { deletionProtection: 'Enabled', deletionPolicy: 'Delete' });
    await bed.ready(namespace, 'db');
    const failed = await kubectl('delete', 'influxaddon', 'db').then(
      () => 'deleted',
      (error: unknown) => String(error),
    );
    expect(failed).toMatch(/spec\.deletionProtection of db is Enabled; set it to Disabled, then delete: /);
    const command = /(kubectl patch influxaddon db -n protected --type=merge -p '(\{.*\})')/.exec(failed);
    await expect(kubectl('delete', 'influxaddon', '--all')).rejects.toThrow(/is Enabled/);
    expect((await bed.get(namespace, 'db')).metadata.deletionTimestamp).toBeUndefined();

    await kubectl('patch', 'influxaddon', 'db', '--type=merge', '-p', command?.[2] ?? '');
    await kubectl('delete', 'influxaddon', 'db');
    await gone(namespace, 'db');
  });

  test('stays while the spec that would take it away is refused', async () => {
    const namespace = await space('still-protected');
    const remove = () => programs.kubectl(namespace, ['delete', 'influxaddon', 'db']);
    const edit = (spec: Partial<InfluxAddonSpec>) =>
      bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec }, { type: 'merge' });
    await bed.addon(namespace, 'db', { deletionProtection: 'Enabled' });
    await bed.ready(namespace, 'db');
    await edit({ plan: 'no-such-plan', deletionProtection: 'Disabled' });
    await bed.until(
      namespace,
      'db',
      'refused',
      ({ status, metadata }) =>
        status?.observedGeneration === metadata.generation &&
        status?.conditions?.some(({ type, reason }) => type === 'Stalled' && reason === 'UnknownPlan') ===
          true,
    );
    await expect(remove()).rejects.toThrow(/of db, in the last spec that was accepted, is Enabled/);
    await edit({ plan: '1g' });
    await bed.ready(namespace, 'db');
    await remove();
    await gone(namespace, 'db');
  });

  test('does not hold up the deletion of its namespace', async () => {
    const namespace = await space('doomed');
    await bed.addon(namespace, 'db', { deletionProtection: 'Enabled', deletionPolicy: 'Delete' });
    await bed.addon(namespace, 'kept', { deletionProtection: 'Enabled' });
    await bed.ready(namespace, 'db');
    await bed.ready(namespace, 'kept');
    await bed.client.delete(Namespace, { name: namespace });
    await namespaceGone(bed, namespace);
  });
});

/** A namespace in which every user has his rights. */
async function space(name: string): Promise<string> {
  await bed.namespace(name);
  for (const [user, rules] of Object.entries(USERS)) {
    const metadata = { name: user, namespace: name };
    const role = { metadata, rules } as KubeObject;
    const roles: Kind<KubeObject> = {
      group: RBAC,
      version: 'v1',
      plural: 'roles',
      kind: 'Role',
      namespaced: true,
    };
    await bed.client.create(roles, role);
    await bed.client.create(RoleBinding, {
      metadata,
      roleRef: { apiGroup: RBAC, kind: 'Role', name: user },
      subjects: [{ kind: 'User', name: user, apiGroup: RBAC }],
    });
  }
  const asked = { namespace: name, name: 'nothing' };
  for (const client of clients.values())
    await eventually('the rights', async () => {
      await client.get(InfluxAddon, asked);
      return true;
    });
  return name;
}

/** Makes an addon that names apps (`name` or `Kind/name`); returns why it was refused, empty when it was not. */
async function attempt(user: User, namespace: string, name: string, apps: string[]): Promise<string> {
  const named = apps.map((app) => {
    const [kind = '', rest] = app.split('/');
    return rest === undefined ? { name: kind } : { kind, name: rest };
  });
  const spec = { plan: '512m', apps: named } as InfluxAddonSpec;
  try {
    await clients.get(user)?.create(InfluxAddon, { metadata: { namespace, name }, spec });
    return '';
  } catch (error) {
    const { message, isForbidden } = ApiError.from(error);
    if (!isForbidden) throw error;
    return message.replace(/^.* denied request: /s, '');
  }
}

async function edit(user: User, namespace: string, name: string, spec: Partial<InfluxAddonSpec>) {
  await clients.get(user)?.patch(InfluxAddon, { namespace, name }, { spec }, { type: 'merge' });
}

async function gone(namespace: string, name: string): Promise<void> {
  await eventually(
    'its end',
    async () => (await bed.client.get(InfluxAddon, { namespace, name })) === undefined,
  );
}

function policyKind(ending: string, suffix: string): Kind<KubeObject> {
  return {
    group: ADMISSION,
    version: 'v1',
    plural: `validatingadmissionpolic${ending}`,
    kind: `ValidatingAdmissionPolicy${suffix}`,
    namespaced: false,
  };
}
