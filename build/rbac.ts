import { WEBHOOK_SECRET } from '../src/admission/certificate-secret.ts';
import { GROUP } from '../src/api/group.ts';

/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  /** These objects only; `create` cannot be limited so. */
  resourceNames?: string[];
  verbs: string[];
}

const read = ['get', 'list', 'watch'];
const ours = [GROUP];

/** What the operator may do in every namespace. No wildcard, no exec, and no write to anybody's spec but its children's. */
export const clusterRules: readonly PolicyRule[] = [
  // patch: finalizers. The operator never writes a spec.
  { apiGroups: ours, resources: ['influxaddons'], verbs: [...read, 'patch'] },
  { apiGroups: ours, resources: ['influxaddons/status'], verbs: ['patch'] },
  { apiGroups: ours, resources: ['influxplans', 'influxversions'], verbs: read },
  {
    apiGroups: ['apps'],
    resources: ['statefulsets'],
    verbs: [...read, 'create', 'update', 'patch', 'delete'],
  },
  // patch: the variables and the restart annotation of bound apps.
  { apiGroups: ['apps'], resources: ['deployments', 'daemonsets'], verbs: [...read, 'patch'] },
  {
    apiGroups: [''],
    resources: ['secrets', 'services'],
    verbs: [...read, 'create', 'update', 'patch', 'delete'],
  },
  {
    apiGroups: [''],
    resources: ['persistentvolumeclaims'],
    verbs: [...read, 'create', 'update', 'patch', 'delete'],
  },
  // delete: the pod of a database that has to be started anew.
  { apiGroups: [''], resources: ['pods'], verbs: [...read, 'delete'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: read },
  // list: why a pod or a StatefulSet is stuck.
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: read },
  {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: [...read, 'create', 'update', 'delete'],
  },
];

/** What the operator may do in its own namespace. */
export const namespaceRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  // The webhook's certificate.
  { apiGroups: [''], resources: ['secrets'], resourceNames: [WEBHOOK_SECRET], verbs: [...read, 'update'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
];

/** What the operator may do with its own webhook's configuration: see it, and put its certificate authority in. */
export function webhookRules(name: string): PolicyRule[] {
  return [
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['validatingwebhookconfigurations'],
      resourceNames: [name],
      verbs: [...read, 'patch'],
    },
  ];
}

/** What the cluster's `edit` and `admin` roles may do with addons once the operator is installed. */
export const editRules: readonly PolicyRule[] = [
  {
    apiGroups: ours,
    resources: ['influxaddons'],
    verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
  },
];

/** What the cluster's `view` role may do. */
export const viewRules: readonly PolicyRule[] = [
  { apiGroups: ours, resources: ['influxaddons', 'influxplans', 'influxversions'], verbs: read },
];
