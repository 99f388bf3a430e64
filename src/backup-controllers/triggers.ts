import { BY_ADDON, isBeingDrilled, isBeingTaken, type Stores } from '../addon/observe/stores.ts';
import { neededByAddon, neededByRestore } from '../addon/observe/needed-backups.ts';
import { keyOf, type KubeObject, type Live } from '../kube/objects/types.ts';
import type { Job } from '../kube/objects/kinds.ts';
import type { WorkQueue } from '../kube/control/work-queue.ts';
import type { Backup } from './decision/phase.ts';
import { waitsForDrill } from './jobs/drill.ts';
import { subjectOf } from './world/labels.ts';
import { addonKeyOf } from './observe.ts';

export interface TaskQueues {
  /** Keys of addons, existing or not, that backups name. */
  readonly backups: WorkQueue;
  /** Keys of InfluxBackupStores. */
  readonly stores: WorkQueue;
  /** Keys of InfluxRestores. */
  readonly restores: WorkQueue;
}

/** Turns changes of the world into the keys of those who may have to do something about it. */
export function connectBackups(stores: Stores, queues: TaskQueues): void {
  stores.backups.onChange(({ before, after }) => {
    for (const each of [before, after]) if (each !== undefined) queues.backups.add(addonKeyOf(each));
    for (const restore of stores.restores.list())
      if (restore.spec.backupRef.name === (after ?? before)?.metadata.name)
        queues.restores.add(keyOf(restore));
    if (before !== undefined && isBeingTaken(before) && (after === undefined || !isBeingTaken(after)))
      wakeWaiting(stores, queues.backups, ({ status }) => status?.startedAt === undefined);
    if (before !== undefined && isBeingDrilled(before) && (after === undefined || !isBeingDrilled(after)))
      wakeWaiting(stores, queues.backups, waitsForDrill);
  });
  const wakeBackup = (name: string) => {
    const backup = stores.backups.get(name);
    if (backup !== undefined) queues.backups.add(addonKeyOf(backup));
  };
  stores.addons.onChange(({ key, before }) => {
    queues.backups.add(key);
    // It may have what it waited for.
    if (before !== undefined) neededByAddon(before).forEach(wakeBackup);
    for (const restore of stores.restores.byIndex(BY_ADDON, key)) queues.restores.add(keyOf(restore));
  });
  stores.restores.onChange(({ key, before, after }) => {
    queues.restores.add(key);
    if (before !== undefined) neededByRestore(before).forEach(wakeBackup);
    const { namespace } = (after ?? before)?.metadata ?? {};
    const addon = (after ?? before)?.spec.addonRef.name;
    // One that has ended lets the next begin.
    for (const other of stores.restores.byIndex(BY_ADDON, `${namespace}/${addon}`))
      queues.restores.add(keyOf(other));
  });
  const ofAddon = ({ before, after }: { before?: Live<KubeObject>; after?: Live<KubeObject> }) => {
    const { namespace, labels } = (after ?? before)?.metadata ?? {};
    const name = labels?.['influxaddon.dev/addon'];
    if (name !== undefined) queues.backups.add(`${namespace}/${name}`);
  };
  stores.pods.onChange(ofAddon);
  stores.claims.onChange(({ before, after }) => {
    const { namespace, labels } = (after ?? before)?.metadata ?? {};
    const addon = labels?.['influxaddon.dev/addon'];
    for (const restore of stores.restores.byIndex(BY_ADDON, `${namespace}/${addon}`))
      queues.restores.add(keyOf(restore));
  });

  stores.backupStores.onChange(({ key, after, before }) => {
    queues.stores.add(key);
    const namespace = (after ?? before)?.metadata.namespace;
    for (const backup of stores.backups.list())
      if (backup.metadata.namespace === namespace) queues.backups.add(addonKeyOf(backup));
  });

  const ofJob = (job: Live<Job> | undefined) => {
    const subject = subjectOf(job);
    if (job === undefined || subject === undefined) return;
    const key = `${job.metadata.namespace}/${subject.name}`;
    if (subject.kind === 'Addon') queues.backups.add(key);
    if (subject.kind === 'Store') queues.stores.add(key);
    if (subject.kind === 'Restore') queues.restores.add(key);
  };
  stores.jobs.onChange(({ before, after }) => ofJob(after ?? before));
  stores.jobPods.onChange(({ before, after }) => {
    const pod = after ?? before;
    const owner = pod?.metadata.ownerReferences?.find(({ kind }) => kind === 'Job');
    if (owner !== undefined) ofJob(stores.jobs.get(`${pod?.metadata.namespace}/${owner.name}`));
  });

  stores.plans.onChange(() => {
    for (const addon of stores.addons.list()) queues.backups.add(keyOf(addon));
  });
  stores.namespaces.onChange(({ before, after }) => {
    const gone = after?.metadata.deletionTimestamp !== undefined;
    if (!gone || before?.metadata.deletionTimestamp !== undefined) return;
    for (const restore of stores.restores.list())
      if (restore.metadata.namespace === after.metadata.name) queues.restores.add(keyOf(restore));
    for (const backup of stores.backups.list())
      if (backup.metadata.namespace === after.metadata.name) queues.backups.add(addonKeyOf(backup));
  });
}

/** A backup or a drill has ended: somebody else's may begin. */
function wakeWaiting(stores: Stores, queue: WorkQueue, waits: (backup: Backup) => boolean): void {
  for (const backup of stores.backups.list()) if (waits(backup)) queue.add(addonKeyOf(backup));
}
