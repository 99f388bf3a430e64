import type * as admission from 'kubernetes-types/admissionregistration/v1.js';
import type * as apps from 'kubernetes-types/apps/v1.js';
import type * as batch from 'kubernetes-types/batch/v1.js';
import type * as coordination from 'kubernetes-types/coordination/v1.js';
import type * as core from 'kubernetes-types/core/v1.js';
import type * as events from 'kubernetes-types/events/v1.js';
import type * as networking from 'kubernetes-types/networking/v1.js';
import type * as rbac from 'kubernetes-types/rbac/v1.js';
import type * as storage from 'kubernetes-types/storage/v1.js';
import type { KubeObject, ObjectKey } from './types.ts';

/** Where objects of a kind live in the API. `type` exists for the compiler only. */
export interface Kind<T extends KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly type?: T;
}

// Each kind is a value and the type of its objects under one name.
export type ConfigMap = core.ConfigMap;
export const ConfigMap: Kind<ConfigMap> = namespaced('', 'v1', 'configmaps', 'ConfigMap');
export type Namespace = core.Namespace;
export const Namespace: Kind<Namespace> = clusterWide('', 'v1', 'namespaces', 'Namespace');
export type Node = core.Node;
export const Node: Kind<Node> = clusterWide('', 'v1', 'nodes', 'Node');
export type PersistentVolume = core.PersistentVolume;
export const PersistentVolume: Kind<PersistentVolume> = clusterWide(
  '',
  'v1',
  'persistentvolumes',
  'PersistentVolume',
);
export type PersistentVolumeClaim = core.PersistentVolumeClaim;
export const PersistentVolumeClaim: Kind<PersistentVolumeClaim> = namespaced(
  '',
  'v1',
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
);
export type Pod = core.Pod;
export const Pod: Kind<Pod> = namespaced('', 'v1', 'pods', 'Pod');
export type ResourceQuota = core.ResourceQuota;
export const ResourceQuota: Kind<ResourceQuota> = namespaced('', 'v1', 'resourcequotas', 'ResourceQuota');
export type Secret = core.Secret;
export const Secret: Kind<Secret> = namespaced('', 'v1', 'secrets', 'Secret');
export type Service = core.Service;
export const Service: Kind<Service> = namespaced('', 'v1', 'services', 'Service');
export type ServiceAccount = core.ServiceAccount;
export const ServiceAccount: Kind<ServiceAccount> = namespaced('', 'v1', 'serviceaccounts', 'ServiceAccount');

export type DaemonSet = apps.DaemonSet;
export const DaemonSet: Kind<DaemonSet> = namespaced('apps', 'v1', 'daemonsets', 'DaemonSet');
export type Deployment = apps.Deployment;
export const Deployment: Kind<Deployment> = namespaced('apps', 'v1', 'deployments', 'Deployment');
export type ReplicaSet = apps.ReplicaSet;
export const ReplicaSet: Kind<ReplicaSet> = namespaced('apps', 'v1', 'replicasets', 'ReplicaSet');
export type StatefulSet = apps.StatefulSet;
export const StatefulSet: Kind<StatefulSet> = namespaced('apps', 'v1', 'statefulsets', 'StatefulSet');

export type Job = batch.Job;
export const Job: Kind<Job> = namespaced('batch', 'v1', 'jobs', 'Job');
export type Lease = coordination.Lease;
export const Lease: Kind<Lease> = namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease');
export type Event = events.Event;
export const Event: Kind<Event> = namespaced('events.k8s.io', 'v1', 'events', 'Event');
export type NetworkPolicy = networking.NetworkPolicy;
export const NetworkPolicy: Kind<NetworkPolicy> = namespaced(
  'networking.k8s.io',
  'v1',
  'networkpolicies',
  'NetworkPolicy',
);
export type RoleBinding = rbac.RoleBinding;
export const RoleBinding: Kind<RoleBinding> = namespaced(
  'rbac.authorization.k8s.io',
  'v1',
  'rolebindings',
  'RoleBinding',
);
export type StorageClass = storage.StorageClass;
export const StorageClass: Kind<StorageClass> = clusterWide(
  'storage.k8s.io',
  'v1',
  'storageclasses',
  'StorageClass',
);
export type ValidatingWebhookConfiguration = admission.ValidatingWebhookConfiguration;
export const ValidatingWebhookConfiguration: Kind<ValidatingWebhookConfiguration> = clusterWide(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
);

/** `v1`, `apps/v1`: what an object of the kind has in its apiVersion. */
export function apiVersionOf<T extends KubeObject>(kind: Kind<T>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/**
 * The path of an object (`key.name` given), or of its collection. A collection of a namespaced kind without
 * a namespace is that of all namespaces; an object of one needs its namespace.
 */
export function pathOf<T extends KubeObject>(
  kind: Kind<T>,
  key: Partial<ObjectKey> = {},
  subresource?: string,
): string {
  if (kind.namespaced && key.name !== undefined && !key.namespace)
    throw new Error(`${kind.kind} ${key.name} needs a namespace`);
  const parts = [kind.group === '' ? '/api' : `/apis/${kind.group}`, kind.version];
  if (kind.namespaced && key.namespace) parts.push('namespaces', encodeURIComponent(key.namespace));
  parts.push(kind.plural);
  if (key.name !== undefined) parts.push(encodeURIComponent(key.name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join('/');
}

function namespaced<T extends KubeObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
): Kind<T> {
  return { group, version, plural, kind, namespaced: true };
}

function clusterWide<T extends KubeObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
): Kind<T> {
  return { group, version, plural, kind, namespaced: false };
}
