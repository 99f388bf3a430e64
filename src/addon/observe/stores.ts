import { slimJob, slimJobPod, slimPod, slimNamespace, slimStorageClass } from './slim.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import type { InfluxBackupStore } from '../../api/influx-backup-store.ts';
import type { InfluxPlan } from '../../api/influx-plan.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import type { InfluxVersion } from '../../api/influx-version.ts';
import * as api from '../../api/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import { NamespacedStore } from '../../kube/store/namespaced-store.ts';
import { Store } from '../../kube/store/store.ts';
import { type StoreOptions } from '../../kube/store/store-options.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { slimWorkload } from '../apps/view.ts';
import { AUTHORITY_SECRET } from '../tls/authorities.ts';
import { slimNode } from '../access/node-addresses.ts';
import { MANAGED_BY, OWNED_SELECTOR, TASK_SELECTOR } from '../world/names.ts';
import { BY_NEEDED_BACKUP, neededByAddon, neededByRestore } from './needed-backups.ts';
import { ReferencedSecrets } from './referenced-secrets.ts';
import { bindingSuffix } from '../rights/role-binding.ts';
import { type Tenancy } from '../world/settings.ts';
import { slimStatefulSet } from '../children/intent/rendered.ts';

/** The caches that everything about addons is decided from, one for each kind. */
export interface Stores {
  readonly addons: Store<InfluxAddon>;
  readonly plans: Store<InfluxPlan>;
  readonly versions: Store<InfluxVersion>;
  /** Of the namespaces in which the operator has rights. */
  readonly secrets: NamespacedStore<kinds.Secret>;
  /** The operator's rights, one for each addon; undefined where it has them from elsewhere. */
  readonly roleBindings: Store<kinds.RoleBinding> | undefined;
  readonly claims: Store<kinds.PersistentVolumeClaim>;
  readonly services: Store<kinds.Service>;
  readonly networkPolicies: Store<kinds.NetworkPolicy>;
  readonly pods: Store<kinds.Pod>;
  readonly statefulSets: Store<kinds.StatefulSet>;
  readonly deployments: Store<kinds.Deployment>;
  readonly daemonSets: Store<kinds.DaemonSet>;
  readonly namespaces: Store<kinds.Namespace>;
  /** Of nodes only the addresses. */
  readonly nodes: Store<kinds.Node>;
  readonly storageClasses: Store<kinds.StorageClass>;
  readonly backupStores: Store<InfluxBackupStore>;
  readonly backups: Store<InfluxBackup>;
  readonly restores: Store<InfluxRestore>;
  /** Jobs that work on backups, and their pods. */
  readonly jobs: Store<kinds.Job>;
  readonly jobPods: Store<kinds.Pod>;
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
/** Backups and restores by `namespace/name` of the addon that they name. */
export const BY_ADDON = 'addon';
/** Backups whose Job may be running, under the one value `yes`. */
export const BEING_TAKEN = 'taken';
/** Backups that are being restored for a test, under the key `yes`. */
export const BEING_DRILLED = 'drilled';
/** Pods by `namespace/name` of their Job. */
export const BY_JOB = 'job';

export const BY_NAMESPACE = 'namespace';

export interface StoresOptions {
  /** The operator's rights are made by itself, and have a store. */
  readonly tenancy?: Tenancy | undefined;
  /** Told what an index, a transform or a listener threw; default: a process warning. */
  readonly onError?: (error: unknown) => void;
}

export function makeStores({ tenancy, onError }: StoresOptions = {}): Stores {
  const told = onError === undefined ? {} : { onError };
  return {
    addons: new Store<InfluxAddon>({
      ...told,
      indexes: {
        [BY_APP]: appKeys,
        [BY_PLAN]: (addon) => [addon.spec.plan],
        [BY_NAMESPACE]: namespaceOf,
        [BY_NEEDED_BACKUP]: neededByAddon,
      },
    }),
    plans: new Store<InfluxPlan>(told),
    versions: new Store<InfluxVersion>(told),
    secrets: new NamespacedStore<kinds.Secret>(told),
    roleBindings: tenancy && rolesOf(tenancy, told),
    claims: new Store<kinds.PersistentVolumeClaim>(told),
    services: new Store<kinds.Service>(told),
    networkPolicies: new Store<kinds.NetworkPolicy>(told),
    pods: new Store<kinds.Pod>({ ...told, transform: slimPod }),
    statefulSets: new Store<kinds.StatefulSet>({
      ...told,
      transform: (each, before) => (isOurs(each) ? slimStatefulSet(each, before) : slimWorkload(each)),
    }),
    deployments: new Store<kinds.Deployment>({ ...told, transform: slimWorkload }),
    daemonSets: new Store<kinds.DaemonSet>({ ...told, transform: slimWorkload }),
    namespaces: new Store<kinds.Namespace>({ ...told, transform: slimNamespace }),
    nodes: new Store<kinds.Node>({ ...told, transform: slimNode }),
    storageClasses: new Store<kinds.StorageClass>({ ...told, transform: slimStorageClass }),
    backupStores: new Store<InfluxBackupStore>(told),
    backups: new Store<InfluxBackup>({
      ...told,
      indexes: {
        [BY_ADDON]: addonKey,
        [BEING_TAKEN]: (each) => (isBeingTaken(each) ? ['yes'] : []),
        [BEING_DRILLED]: (each) => (isBeingDrilled(each) ? ['yes'] : []),
      },
    }),
    restores: new Store<InfluxRestore>({
      ...told,
      indexes: { [BY_ADDON]: addonKey, [BY_NEEDED_BACKUP]: neededByRestore },
    }),
    jobs: new Store<kinds.Job>({ ...told, transform: slimJob }),
    jobPods: new Store<kinds.Pod>({ ...told, transform: slimJobPod, indexes: { [BY_JOB]: jobKey } }),
    authorities: new Store<kinds.Secret>(told),
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
    source(kinds.PersistentVolumeClaim, stores.claims, OWNED_SELECTOR),
    source(kinds.Service, stores.services, OWNED_SELECTOR),
    source(kinds.NetworkPolicy, stores.networkPolicies, OWNED_SELECTOR),
    source(kinds.Pod, stores.pods, OWNED_SELECTOR),
    source(kinds.StatefulSet, stores.statefulSets),
    source(kinds.Deployment, stores.deployments),
    source(kinds.DaemonSet, stores.daemonSets),
    source(kinds.Namespace, stores.namespaces),
    source(kinds.Node, stores.nodes),
    source(kinds.StorageClass, stores.storageClasses),
    source(api.InfluxBackupStore, stores.backupStores),
    source(api.InfluxBackup, stores.backups),
    source(api.InfluxRestore, stores.restores),
    source(kinds.Job, stores.jobs, TASK_SELECTOR),
    source(kinds.Pod, stores.jobPods, TASK_SELECTOR),
    ...(stores.roleBindings === undefined
      ? []
      : [source(kinds.RoleBinding, stores.roleBindings, OWNED_SELECTOR)]),
    { ...source(kinds.Secret, stores.authorities), ownObject: AUTHORITY_SECRET },
  ];
}

const byKind = new WeakMap<Stores, Map<string, Written>>();

/** The store that holds a kind, for writing through what the API answered. */
export function storeOf(stores: Stores, kind: Kind<KubeObject>): Written | undefined {
  let known = byKind.get(stores);
  if (known === undefined) {
    // Of two stores of a kind the first is that of the children.
    known = new Map<string, Written>(
      sourcesOf(stores)
        .map((source) => [resourceOf(source.kind), source.store] as const)
        .toReversed(),
    );
    known.set(resourceOf(kinds.Secret), stores.secrets as unknown as Written);
    byKind.set(stores, known);
  }
  return known.get(resourceOf(kind));
}

/** What an answer to a write is told to. */
type Written = Pick<Store<KubeObject>, 'recordWrite' | 'recordDelete'>;

function resourceOf({ group, plural }: Kind<KubeObject>): string {
  return `${plural}.${group}`;
}

/** Found by namespace are those only that give this installation its rights: another one may have left its own. */
function rolesOf(tenancy: Tenancy, told: StoreOptions<kinds.RoleBinding>): Store<kinds.RoleBinding> {
  const suffix = `-${bindingSuffix(tenancy)}`;
  const indexes = {
    [BY_NAMESPACE]: (binding: Live<kinds.RoleBinding>) =>
      binding.metadata.name.endsWith(suffix) ? namespaceOf(binding) : [],
  };
  return new Store<kinds.RoleBinding>({ ...told, indexes });
}

function namespaceOf({ metadata }: Live<KubeObject>): string[] {
  return [metadata.namespace ?? ''];
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

/** Its Job may be running. One that waits for its next attempt takes nobody's place. */
export function isBeingTaken({ status }: Live<InfluxBackup>): boolean {
  const { startedAt, completedAt, failedAt, expiredAt, retryAt } = status ?? {};
  return startedAt !== undefined && (completedAt ?? failedAt ?? expiredAt ?? retryAt) === undefined;
}

/** A Job that restores it for a test was decided, and has not ended. One that goes takes its Job along. */
export function isBeingDrilled({ metadata, status }: Live<InfluxBackup>): boolean {
  if (metadata.deletionTimestamp !== undefined || status?.expiredAt !== undefined) return false;
  return status?.job?.startsWith('drill-') ?? false;
}

function addonKey({ metadata, spec }: Live<InfluxBackup | InfluxRestore>): string[] {
  return [`${metadata.namespace}/${spec.addonRef.name}`];
}

function jobKey({ metadata }: Live<kinds.Pod>): string[] {
  return (metadata.ownerReferences ?? [])
    .filter(({ kind }) => kind === 'Job')
    .map(({ name }) => `${metadata.namespace}/${name}`);
}
