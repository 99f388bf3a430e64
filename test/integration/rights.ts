import { operatorManifests } from '../../build/operator-manifests.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { Namespace, type Kind } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { OPERATOR_NAMESPACE } from './running-operator.ts';

export const WEBHOOK_NAME = 'influxaddon-operator-webhook';

/** Exactly the rights that are shipped, and the policy that holds them in check: a missing one shows as a 403. */
export async function allow(client: KubeClient): Promise<void> {
  await client.create(Namespace, { metadata: { name: OPERATOR_NAMESPACE } });
  for (const { kind, manifest } of rightsOf(
    operatorManifests('test') as KubeObject[],
    'influxaddon-operator',
  ))
    await client.create(kind, manifest);
}

/** What of the manifests of an installation of this name grants rights, or holds them in check. */
export function rightsOf(manifests: readonly KubeObject[], name: string) {
  return manifests.flatMap((manifest) => {
    const kind = RIGHTS.find((each) => each.kind === manifest.kind);
    const wanted =
      kind !== undefined &&
      (kind.group !== ADMISSION || manifest.metadata?.name?.startsWith(`${name}-tenancy`));
    return wanted ? [{ kind, manifest }] : [];
  });
}

/** The rights that an operator has where it lives, in a further namespace: for one that is to live there. */
export async function allowAtHome(client: KubeClient, namespace: string): Promise<void> {
  for (const manifest of operatorManifests('test') as KubeObject[]) {
    const kind = RIGHTS.find((each) => each.kind === manifest.kind);
    const isOfHome = kind?.group === RBAC && manifest.metadata?.namespace === OPERATOR_NAMESPACE;
    if (isOfHome) await client.create(kind, { ...manifest, metadata: { ...manifest.metadata, namespace } });
  }
}

const ADMISSION = 'admissionregistration.k8s.io';
const RBAC = 'rbac.authorization.k8s.io';
const RIGHTS: readonly Kind<KubeObject>[] = [
  kindOf('', 'serviceaccounts', 'ServiceAccount', true),
  kindOf(RBAC, 'clusterroles', 'ClusterRole', false),
  kindOf(RBAC, 'clusterrolebindings', 'ClusterRoleBinding', false),
  kindOf(RBAC, 'roles', 'Role', true),
  kindOf(RBAC, 'rolebindings', 'RoleBinding', true),
  kindOf(ADMISSION, 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', false),
  kindOf(ADMISSION, 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false),
];

function kindOf(group: string, plural: string, kind: string, namespaced: boolean): Kind<KubeObject> {
  return { group, version: 'v1', plural, kind, namespaced };
}
