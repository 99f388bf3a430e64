import { namespaceRules } from '../../../build/rbac.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { Namespace, RoleBinding, type Kind } from '../../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../../src/kube/objects/types.ts';
import { OPERATOR_USER } from '../../integration/operator-bed.ts';

const RBAC = 'rbac.authorization.k8s.io';
const Role: Kind<KubeObject> = {
  group: RBAC,
  version: 'v1',
  plural: 'roles',
  kind: 'Role',
  namespaced: true,
};

/** A namespace in which an operator may keep what is its own: the Secret with its authority. */
export async function allowOperator(client: KubeClient, namespace: string): Promise<void> {
  await client.create(Namespace, { metadata: { name: namespace } });
  const metadata = { name: 'operator', namespace };
  await client.create(Role, { metadata, rules: namespaceRules } as KubeObject);
  await client.create(RoleBinding, {
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name: 'operator' },
    subjects: [{ kind: 'User', name: OPERATOR_USER, apiGroup: RBAC }],
  });
}
