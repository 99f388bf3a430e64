import type { InfluxPlanSpec } from '../api/influx-plan.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { serviceHost } from '../addon/access/connection.ts';
import { ENGINE_PORT } from '../influx/pod-parts.ts';
import { childNames } from '../addon/world/names.ts';
import { engineImage } from '../addon/pod/containers.ts';
import { BEING_DRILLED, BEING_TAKEN, BY_ADDON, BY_JOB, type Stores } from '../addon/observe/stores.ts';
import { BY_NEEDED_BACKUP } from '../addon/observe/needed-backups.ts';
import { unitsOf } from '../kube/objects/quantity.ts';
import { keyOf, type Live } from '../kube/objects/types.ts';
import { claimInForce, mountedClaim } from '../addon/backups/volume.ts';
import { recordedInForce } from '../addon/identity/record.ts';
import type { RestoreWorld } from './world/restore-world.ts';
import type { StoreWorld } from './stores/decide.ts';
import type { Task } from './world/job-state.ts';
import type { Backup } from './decision/phase.ts';
import type { BackupSettings } from '../backup/settings.ts';
import type { BackupsWorld, Reach } from './world/world.ts';

/** Gathers what is known about the backups of one addon, by `namespace/name`. Only reads caches. */
export function observeBackups(
  stores: Stores,
  key: string,
  settings: BackupSettings & { readonly clusterDomain: string },
): BackupsWorld {
  const slash = key.indexOf('/');
  const [namespace, addonName] = [key.slice(0, slash), key.slice(slash + 1)];
  const addon = stores.addons.get(key);
  const backups = stores.backups.byIndex(BY_ADDON, key);
  const plan = addon && stores.plans.get(addon.status?.plan ?? addon.spec.plan);
  const inForce = addon && claimInForce(addon, recordsOf(stores, namespace, addonName));
  const claim = stores.claims.get(`${namespace}/${inForce}`);
  const size = claim?.status?.capacity?.['storage'] ?? claim?.spec?.resources?.requests?.['storage'];
  const named = [addon?.spec.backups?.storeRef.name, ...backups.map(({ status }) => status?.store?.name)];
  const found = [...new Set(named)].flatMap((name) => stores.backupStores.get(`${namespace}/${name}`) ?? []);
  return {
    namespace,
    addonName,
    cluster: stores.namespaces.get('kube-system')?.metadata.uid,
    namespaceTerminating: stores.namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined,
    addon,
    planClass: plan?.spec.class,
    reach: addon && reachOf(stores, addon, settings.clusterDomain),
    ...(plan === undefined ? {} : { resources: resourcesOf(plan.spec) }),
    volumeBytes: size === undefined ? 0 : unitsOf(size),
    backups,
    isNeeded: (name) =>
      [stores.restores, stores.addons].some(
        (each) => each.byIndex(BY_NEEDED_BACKUP, `${namespace}/${name}`).length > 0,
      ),
    isTaken: (name) => stores.backups.get(`${namespace}/${name}`) !== undefined,
    stores: new Map(found.map((store) => [store.metadata.name, store])),
    tasks: tasksOf(stores, namespace, backups),
    busy: countBeside(stores, BEING_TAKEN, key),
    drilling: countBeside(stores, BEING_DRILLED, key),
    settings,
  };
}

/** Gathers what is known about one store; undefined when it is gone. */
export function observeStore(stores: Stores, key: string, settings: BackupSettings): StoreWorld | undefined {
  const store = stores.backupStores.get(key);
  if (store === undefined) return undefined;
  const { namespace = '' } = store.metadata;
  const name = store.status?.job ?? '';
  return {
    store,
    namespaceTerminating: stores.namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined,
    task: tasksOf(stores, namespace, [store]).get(name) ?? { job: undefined, pod: undefined },
    backups: [...stores.backups.list()].filter((each) => each.metadata.namespace === namespace),
    settings,
  };
}

/** Gathers what is known about one restore; undefined when it is gone. */
export function observeRestore(
  stores: Stores,
  key: string,
  settings: BackupSettings,
): RestoreWorld | undefined {
  const restore = stores.restores.get(key);
  if (restore === undefined) return undefined;
  const { namespace = '' } = restore.metadata;
  const at = (name: string) => `${namespace}/${name}`;
  const addonKey = at(restore.spec.addonRef.name);
  const addon = stores.addons.get(addonKey);
  const records = recordsOf(stores, namespace, restore.spec.addonRef.name);
  const backup = stores.backups.get(at(restore.spec.backupRef.name));
  return {
    restore,
    namespaceTerminating: stores.namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined,
    addon,
    inForce: recordedInForce(records.adminSecret, records.statefulSet),
    current: addon && stores.claims.get(at(claimInForce(addon, records))),
    claim: stores.claims.get(at(restore.status?.claim ?? '')),
    previous: stores.claims.get(at(restore.status?.previousClaim ?? '')),
    mounted: mountedClaim(stores.pods.get(at(childNames(restore.spec.addonRef.name).pod))),
    backup,
    store: stores.backupStores.get(at(backup?.status?.store?.name ?? '')),
    task: tasksOf(stores, namespace, [restore]).get(restore.status?.job ?? '') ?? {
      job: undefined,
      pod: undefined,
    },
    others: stores.restores
      .byIndex(BY_ADDON, addonKey)
      .filter(({ metadata }) => metadata.uid !== restore.metadata.uid),
    settings,
  };
}

/** The Job that each status names. */
export function tasksOf(
  stores: Stores,
  namespace: string,
  objects: readonly { readonly status?: { readonly job?: string | undefined } }[],
): Map<string, Task> {
  const names = objects.map(({ status }) => status?.job).filter((name) => name !== undefined);
  return new Map(
    names.map((name) => {
      const [pod] = stores.jobPods.byIndex(BY_JOB, `${namespace}/${name}`);
      return [name, { job: stores.jobs.get(`${namespace}/${name}`), pod }];
    }),
  );
}

/** Where it is recorded what an addon's database runs with. */
function recordsOf(stores: Stores, namespace: string, addonName: string) {
  const names = childNames(addonName);
  return {
    adminSecret: stores.secrets.get(`${namespace}/${names.adminSecret}`),
    statefulSet: stores.statefulSets.get(`${namespace}/${names.statefulSet}`),
  };
}

function resourcesOf({ memory, cpu }: InfluxPlanSpec): NonNullable<BackupsWorld['resources']> {
  return { requests: { memory, cpu: cpu.request }, limits: { memory, cpu: cpu.limit } };
}

function reachOf(stores: Stores, addon: Live<InfluxAddon>, clusterDomain: string): Reach | undefined {
  const { namespace, name } = addon.metadata;
  const pod = stores.pods.get(`${namespace}/${childNames(name).pod}`);
  const ready = pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  const image = engineImage(pod);
  const podIp = pod?.status?.podIP;
  if (ready !== true || podIp === undefined || image === undefined) return undefined;
  const tls = addon.status?.endpoint?.startsWith('https:') ?? false;
  return { host: serviceHost(addon, clusterDomain), port: ENGINE_PORT, tls, podIp, engineImage: image };
}

function countBeside(stores: Stores, index: string, key: string): number {
  return stores.backups.byIndex(index, 'yes').filter((each) => addonKeyOf(each) !== key).length;
}

/** `namespace/name` of the addon that a backup names. */
export function addonKeyOf(backup: Backup): string {
  return keyOf({ metadata: { namespace: backup.metadata.namespace ?? '', name: backup.spec.addonRef.name } });
}
