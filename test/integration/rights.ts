import { clusterRules, namespaceRules, webhookRules } from '../../build/rbac.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { Namespace, type Kind } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { OPERATOR_NAMESPACE } from './running-operator.ts';

/** The user whose requests the audit log counts. */
export const OPERATOR_USER = 'operator';
export const WEBHOOK_NAME = 'influxaddon-operator-webhook';

/** Exactly the rights that are shipped: a missing one shows as a 403. */
export async function allow(client: KubeClient): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const kind = (plural: string, name: string, namespaced: boolean): Kind<KubeObject> => ({
    group,
    version: 'v1',
    plural,
    kind: name,
    namespaced,
  });
  const subjects = [{ kind: 'User', name: OPERATOR_USER, apiGroup: group }];
  const object = (body: object) => body as KubeObject;
  await client.create(Namespace, { metadata: { name: OPERATOR_NAMESPACE } });
  await client.create(
    kind('clusterroles', 'ClusterRole', false),
    object({ metadata: { name: 'operator' }, rules: [...clusterRules, ...webhookRules(WEBHOOK_NAME)] }),
  );
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'operator' };
  await client.create(
    kind('clusterrolebindings', 'ClusterRoleBinding', false),
    object({ metadata: { name: 'operator' }, roleRef, subjects }),
  );
  const metadata = { name: 'operator', namespace: OPERATOR_NAMESPACE };
  await client.create(kind('roles', 'Role', true), object({ metadata, rules: namespaceRules }));
  const localRef = { apiGroup: group, kind: 'Role', name: 'operator' };
  await client.create(
    kind('rolebindings', 'RoleBinding', true),
    object({ metadata, roleRef: localRef, subjects }),
  );
}
