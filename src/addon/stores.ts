import type { InfluxAddon } from '../api/influx-addon.ts';
import type { InfluxPlan } from '../api/influx-plan.ts';
import type { InfluxVersion } from '../api/influx-version.ts';
import * as api from '../api/kinds.ts';
import { given } from '../kube/given.ts';
import type { Kind } from '../kube/kinds.ts';
import * as kinds from '../kube/kinds.ts';
import { Store } from '../kube/store.ts';
import type { KubeObject, Live } from '../kube/types.ts';
import { slimWorkload } from './apps/view.ts';
import { AUTHORITY_SECRET } from './authority/authorities.ts';
import { MANAGED_BY, OWNED_SELECTOR } from './names.ts';
import { ReferencedSecrets } from './referenced-secrets.ts';
import { slimStatefulSet } from './resources/rendered.ts';

/** The caches that everything about addons is decided from, one for each kind. */
export interface Stores {
  readonly addons: Store<InfluxAddon>;
  readonly plans: Store<InfluxPlan>;
  readonly versions: Store<InfluxVersion>;
  readonly secrets: Store<kinds.Secret>;
  readonly claims: Store<kinds.PersistentVolumeClaim>;
  readonly services: Store<kinds.Service>;
  readonly networkPolicies: Store<kinds.NetworkPolicy>;
  readonly pods: Store<kinds.Pod>;
  readonly statefulSets: Store<kinds.StatefulSet>;
  readonly deployments: Store<kinds.Deployment>;
  readonly daemonSets: Store<kinds.DaemonSet>;
  readonly namespaces: Store<kinds.Namespace>;
  readonly storageClasses: Store<kinds.StorageClass>;
  /** The Secret with the authority that signs the databases' certificates, and nothing else. */
  readonly authorities: Store<kinds.Secret>;
  /** Secrets of users that addons name. */
  readonly referenced: ReferencedSecrets;
}

/** What is watched, and with which selector: nobody else's Secrets, pods or claims ever enter the process. */
export interface Source {
  readonly kind: Kind<KubeObject>;
  readonly store: Store<KubeObject>;
  readonly labelSelector?: string;
  /** The one object of this name, in the operator's own namespace. */
  readonly ownObject?: string;
}

export const BY_APP = 'app';
export const BY_PLAN = 'plan';

export function makeStores(): Stores {
  return {
    addons: new Store<InfluxAddon>({
      indexes: { [BY_APP]: appKeys, [BY_PLAN]: (addon) => [addon.spec.plan] },
    }),
    plans: new Store<InfluxPlan>(),
    versions: new Store<InfluxVersion>(),
    secrets: new Store<kinds.Secret>(),
    claims: new Store<kinds.PersistentVolumeClaim>(),
    services: new Store<kinds.Service>(),
    networkPolicies: new Store<kinds.NetworkPolicy>(),
    pods: new Store<kinds.Pod>({ transform: slimPod }),
    statefulSets: new Store<kinds.StatefulSet>({
      transform: (each) => (isOurs(each) ? slimStatefulSet(each) : slimWorkload(each)),
    }),
    deployments: new Store<kinds.Deployment>({ transform: slimWorkload }),
    daemonSets: new Store<kinds.DaemonSet>({ transform: slimWorkload }),
    namespaces: new Store<kinds.Namespace>({ transform: slimNamespace }),
    storageClasses: new Store<kinds.StorageClass>({ transform: slimStorageClass }),
    authorities: new Store<kinds.Secret>(),
    referenced: new ReferencedSecrets(),
  };
}

export function sourcesOf(stores: Stores): Source[] {
  const source = <T extends KubeObject>(kind: Kind<T>, store: Store<T>, labelSelector?: string): Source => ({
    kind: kind as Kind<KubeObject>,
    store: store as unknown as Store<KubeObject>,
    ...(labelSelector === undefined ? {} : { labelSelector }),
  });
  return [
    source(api.InfluxAddon, stores.addons),
    source(api.InfluxPlan, stores.plans),
    source(api.InfluxVersion, stores.versions),
    source(kinds.Secret, stores.secrets, OWNED_SELECTOR),
    source(kinds.PersistentVolumeClaim, stores.claims, OWNED_SELECTOR),
    source(kinds.Service, stores.services, OWNED_SELECTOR),
    source(kinds.NetworkPolicy, stores.networkPolicies, OWNED_SELECTOR),
    source(kinds.Pod, stores.pods, OWNED_SELECTOR),
    source(kinds.StatefulSet, stores.statefulSets),
    source(kinds.Deployment, stores.deployments),
    source(kinds.DaemonSet, stores.daemonSets),
    source(kinds.Namespace, stores.namespaces),
    source(kinds.StorageClass, stores.storageClasses),
    { ...source(kinds.Secret, stores.authorities), ownObject: AUTHORITY_SECRET },
  ];
}

/** The store that holds a kind, for writing through what the API answered. */
export function storeOf(stores: Stores, kind: Kind<KubeObject>): Store<KubeObject> | undefined {
  return sourcesOf(stores).find(
    (source) => source.kind.plural === kind.plural && source.kind.group === kind.group,
  )?.store;
}

/** `namespace/Kind/name` of each workload that the addon names or, by its status, has bound. */
function appKeys(addon: Live<InfluxAddon>): string[] {
  const namespace = addon.metadata.namespace ?? '';
  const named = (addon.spec.apps ?? []).map((app) => `${namespace}/${app.kind ?? 'Deployment'}/${app.name}`);
  const bound = (addon.status?.apps ?? []).map((app) => `${namespace}/${app.kind}/${app.name}`);
  return [...new Set([...named, ...bound])];
}

function isOurs(object: Live<KubeObject>): boolean {
  return object.metadata.labels?.['app.kubernetes.io/managed-by'] === MANAGED_BY;
}

function slimPod(pod: Live<kinds.Pod>): Live<kinds.Pod> {
  const { uid, name, namespace, resourceVersion, labels, deletionTimestamp, creationTimestamp } =
    pod.metadata;
  const container = pod.spec?.containers[0];
  const metadata = {
    uid,
    name,
    resourceVersion,
    labels: labels ?? {},
    namespace: namespace ?? '',
    ...given({ deletionTimestamp, creationTimestamp }),
  };
  const spec = {
    containers:
      container === undefined ? [] : [{ name: container.name, ...given({ image: container.image }) }],
  };
  const { phase, podIP, conditions, containerStatuses, initContainerStatuses } = pod.status ?? {};
  return {
    metadata,
    spec,
    status: given({ phase, podIP, conditions, containerStatuses, initContainerStatuses }),
  } as Live<kinds.Pod>;
}

function slimNamespace(namespace: Live<kinds.Namespace>): Live<kinds.Namespace> {
  const { uid, name, resourceVersion, deletionTimestamp } = namespace.metadata;
  return { metadata: { uid, name, resourceVersion, ...given({ deletionTimestamp }) } };
}

function slimStorageClass(storageClass: Live<kinds.StorageClass>): Live<kinds.StorageClass> {
  const { uid, name, resourceVersion, annotations } = storageClass.metadata;
  const mark = annotations?.['storageclass.kubernetes.io/is-default-class'];
  const kept =
    mark === undefined ? {} : { annotations: { 'storageclass.kubernetes.io/is-default-class': mark } };
  return { metadata: { uid, name, resourceVersion, ...kept }, provisioner: storageClass.provisioner };
}
