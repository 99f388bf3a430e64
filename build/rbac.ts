import { WEBHOOK_SECRET } from '../src/admission/certificate-secret.ts';
import { AUTHORITY_SECRET } from '../src/addon/tls/authorities.ts';
import { GROUP } from '../src/api/group.ts';
import { LOCK_LEASE } from '../src/operator/leadership.ts';

/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  /** These objects only; `create` cannot be limited so. */
  resourceNames?: string[];
  verbs: string[];
}

const read = ['get', 'list', 'watch'];
/** Of what is looked at in a cache alone. Whoever may list an object may see it: this is no less to know, but all of it is used. */
const cached = ['list', 'watch'];
const ours = [GROUP];
const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** Suffix, after the installation's name, of the ClusterRole that the operator binds to itself where there are addons. */
export const TENANT_SUFFIX = 'tenant';

/** Of what belongs to no namespace the operator only reads. */
export const readRules: readonly PolicyRule[] = [
  { apiGroups: ours, resources: ['influxplans', 'influxversions'], verbs: cached },
  // nodes: their addresses are where a database with a node port is reached.
  { apiGroups: [''], resources: ['namespaces', 'nodes'], verbs: cached },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: cached },
];

/** What it may do in every namespace that it watches: look, but at no Secret; and of what is not its own, write next to nothing. */
const watchRules: readonly PolicyRule[] = [
  // patch: finalizers. The operator never writes a spec.
  { apiGroups: ours, resources: ['influxaddons'], verbs: [...read, 'patch'] },
  { apiGroups: ours, resources: ['influxaddons/status'], verbs: ['patch'] },
  // An addon owns its children with blockOwnerDeletion, the RoleBinding among them that brings the tenant role. Where
  // OwnerReferencesPermissionEnforcement is on, as in OpenShift, that takes this right on the owner. Nothing is written
  // with it: no such path is served. What backups and restores own does not hold up their deletion, and takes no right.
  { apiGroups: ours, resources: ['influxaddons/finalizers'], verbs: ['update'] },
  // create, delete: the backups that are due, and those that are kept no longer.
  { apiGroups: ours, resources: ['influxbackups'], verbs: [...read, 'create', 'patch', 'delete'] },
  { apiGroups: ours, resources: ['influxbackupstores'], verbs: cached },
  // create: of an addon that begins with a backup. patch: finalizers.
  { apiGroups: ours, resources: ['influxrestores'], verbs: [...read, 'create', 'patch'] },
  {
    apiGroups: ours,
    resources: ['influxbackups/status', 'influxbackupstores/status', 'influxrestores/status'],
    verbs: ['patch'],
  },
  // Everything that is done with a store is done by a Job in its namespace, also when the addon is gone and its backups
  // are not.
  { apiGroups: ['batch'], resources: ['jobs'], verbs: [...read, 'create', 'delete'] },
  { apiGroups: ['apps'], resources: ['statefulsets', 'deployments', 'daemonsets'], verbs: read },
  { apiGroups: [''], resources: ['services', 'persistentvolumeclaims', 'pods'], verbs: read },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: read },
];

/** What an operator of all namespaces may do everywhere. */
export const clusterRules: readonly PolicyRule[] = [
  ...readRules,
  ...watchRules,
  // To the tenant role only, since it may `bind` no other; and, by a policy, only to itself and where there is an addon.
  { apiGroups: [RBAC_GROUP], resources: ['rolebindings'], verbs: [...read, 'create', 'update'] },
];

/** The right to hand out one role: without it, the API server lets nobody grant what he does not have. */
export function bindRules(tenantRole: string): PolicyRule[] {
  return [
    { apiGroups: [RBAC_GROUP], resources: ['clusterroles'], resourceNames: [tenantRole], verbs: ['bind'] },
  ];
}

/** What the operator may do in a namespace that has an addon, and nowhere else. No wildcard, and no exec. */
export const tenantRules: readonly PolicyRule[] = [
  {
    apiGroups: [''],
    resources: ['secrets'],
    verbs: [...read, 'create', 'update', 'delete'],
  },
  {
    apiGroups: [''],
    resources: ['services', 'persistentvolumeclaims'],
    verbs: ['create', 'update', 'delete'],
  },
  // patch: of a bound app, as below.
  { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['create', 'update', 'patch', 'delete'] },
  // patch: the variables and the restart annotation of bound apps.
  { apiGroups: ['apps'], resources: ['deployments', 'daemonsets'], verbs: ['patch'] },
  // delete: the pod of a database that has to be started anew. create: only to ask, by dry run, whether the next pod
  // would be taken; who may make StatefulSets makes pods anyway.
  { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete'] },
  // list: why a pod or a StatefulSet is stuck.
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: ['create', 'update', 'delete'],
  },
  // Its own: a policy lets it delete no other.
  { apiGroups: [RBAC_GROUP], resources: ['rolebindings'], verbs: ['delete'] },
];

/** What it may do with the Lease that all installations for the same namespaces share. */
export const lockRules: readonly PolicyRule[] = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [LOCK_LEASE],
    verbs: ['get', 'update'],
  },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
];

/** What an operator of one namespace may do there: it has all its rights from the start, and gives itself none. */
export const scopedRules: readonly PolicyRule[] = [
  ...watchRules,
  ...tenantRules.filter(({ apiGroups }) => !apiGroups.includes(RBAC_GROUP)),
  ...lockRules,
];

/** What the operator may do in its own namespace. */
export const namespaceRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  // The webhook's certificate, and the authority of the databases.
  {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [WEBHOOK_SECRET, AUTHORITY_SECRET],
    verbs: [...read, 'update'],
  },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
];

/**
 * What the operator may do with its own webhook's configuration: see it, and put its certificate authority in. Not
 * where cert-manager does so.
 */
export function webhookRules(name: string): PolicyRule[] {
  return [
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['validatingwebhookconfigurations'],
      resourceNames: [name],
      verbs: [...cached, 'patch'],
    },
  ];
}

/** What the cluster's `edit` and `admin` roles may do with addons once the operator is installed. */
export const editRules: readonly PolicyRule[] = [
  {
    apiGroups: ours,
    resources: ['influxaddons', 'influxbackupstores', 'influxbackups', 'influxrestores'],
    verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
  },
];

/** What controllers of the Service Binding specification have to read of a provisioned service. */
export const serviceBindingRules: readonly PolicyRule[] = [
  { apiGroups: ours, resources: ['influxaddons'], verbs: read },
];

/** What the cluster's `view` role may do. */
export const viewRules: readonly PolicyRule[] = [
  {
    apiGroups: ours,
    resources: [
      'influxaddons',
      'influxplans',
      'influxversions',
      'influxbackupstores',
      'influxbackups',
      'influxrestores',
    ],
    verbs: read,
  },
];
