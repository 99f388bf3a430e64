import { beforeAll, expect, test } from 'vitest';
import { namespaceRules, readRules, scopedRules } from '../../build/rbac.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment, type Kind, RoleBinding, Secret } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { appOf } from './app.ts';
import { eventually } from './children.ts';
import { OPERATOR_NAMESPACE, type OperatorBed } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

const NAMESPACE = 'shop';
const USER = `system:serviceaccount:${NAMESPACE}:scoped`;
const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' };

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { users: [USER] },
);
beforeAll(async () => {
  await bed.namespace(NAMESPACE);
  await bed.namespace('elsewhere');
  await grant('ClusterRole', readRules);
  await grant('Role', scopedRules, NAMESPACE);
  await grant('Role', namespaceRules, OPERATOR_NAMESPACE);
});

test('an operator of one namespace does all of it with Roles there, and touches nothing elsewhere', async () => {
  await bed.addon('elsewhere', 'db');
  await bed.client.create(Deployment, appOf(NAMESPACE, 'web'));
  const since = Date.now();
  await bed.startOperator({ user: USER, watchNamespace: NAMESPACE, settings: { tenancy: undefined } });
  await bed.addon(NAMESPACE, 'db', { apps: [{ name: 'web', env: 'Inject' }], deletionPolicy: 'Delete' });
  await bed.ready(NAMESPACE, 'db');
  await bed.client.patch(
    InfluxAddon,
    { namespace: NAMESPACE, name: 'db' },
    { spec: { plan: '1g' } },
    { type: 'merge' },
  );
  await bed.until(NAMESPACE, 'db', 'on the new plan', ({ status }) => status?.plan === '1g');
  await bed.client.delete(InfluxAddon, { namespace: NAMESPACE, name: 'db' });
  await eventually('the addon to be gone', async () => {
    return (await bed.client.get(InfluxAddon, { namespace: NAMESPACE, name: 'db' })) === undefined;
  });

  const other = await bed.get('elsewhere', 'db');
  expect(other.status).toEqual({ observedGeneration: -1 });
  expect(other.metadata.finalizers ?? []).toEqual([]);
  for (const kind of [Secret, RoleBinding] as Kind<KubeObject>[])
    expect((await bed.client.list(kind, { namespace: 'elsewhere' })).items).toEqual([]);

  const asked = await bed.plane.auditEntries({ user: USER, since });
  expect(asked.filter(({ code }) => code === 403).map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
  const places = new Set(asked.map(({ namespace = '' }) => namespace));
  expect(places).toEqual(new Set(['', NAMESPACE, OPERATOR_NAMESPACE]));
});

async function grant(
  kind: 'ClusterRole' | 'Role',
  rules: readonly object[],
  namespace?: string,
): Promise<void> {
  const kindOf = (name: string): Kind<KubeObject> => ({
    ...RBAC,
    kind: name,
    plural: `${name.toLowerCase()}s`,
    namespaced: namespace !== undefined,
  });
  const metadata = { name: 'scoped', ...(namespace === undefined ? {} : { namespace }) };
  const subjects = [{ kind: 'ServiceAccount', name: 'scoped', namespace: NAMESPACE }];
  const roleRef = { apiGroup: RBAC.group, kind, name: 'scoped' };
  await bed.client.create(kindOf(kind), { metadata, rules } as KubeObject);
  await bed.client.create(kindOf(`${kind}Binding`), { metadata, roleRef, subjects } as KubeObject);
}
