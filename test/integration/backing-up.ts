import type { InfluxBackup as Backup } from '../../src/api/influx-backup.ts';
import type { InfluxBackupStoreSpec } from '../../src/api/influx-backup-store.ts';
import type { InfluxRestore as Restore } from '../../src/api/influx-restore.ts';
import { InfluxBackup, InfluxBackupStore, InfluxRestore } from '../../src/api/kinds.ts';
import type { Transport } from '../../src/kube/api/transport.ts';
import { type Kind, PersistentVolumeClaim, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import { eventually } from './children.ts';
import type { OperatorBed } from './operator-bed.ts';

/** Of a spec: the store that {@link makeStore} makes, and no backups but those that are asked for. */
export const BACKUPS = { storeRef: { name: 'nightly' }, schedule: { mode: 'Disabled' as const } };

export async function makeStore(
  bed: OperatorBed,
  namespace: string,
  spec: Partial<InfluxBackupStoreSpec> = {},
): Promise<void> {
  await bed.client.create(InfluxBackupStore, {
    metadata: { namespace, name: BACKUPS.storeRef.name },
    spec: {
      s3: { endpoint: 'https://s3.example.com', bucket: 'backups', credentialsRef: { name: 'credentials' } },
      ...spec,
    },
  });
}

/** Asks for a backup of the addon my-app, unless the spec names another. */
export async function backUp(
  bed: OperatorBed,
  namespace: string,
  name: string,
  spec: Partial<Backup['spec']> = {},
): Promise<Live<Backup>> {
  return await bed.client.create(InfluxBackup, {
    metadata: { namespace, name },
    spec: { addonRef: { name: 'my-app' }, ...spec },
  });
}

/** Asks for the backup called mine on the addon my-app. @param overwrite the confirmation: the addon's id */
export async function restore(
  bed: OperatorBed,
  namespace: string,
  name: string,
  overwrite: string,
): Promise<void> {
  await bed.client.create(InfluxRestore, {
    metadata: { namespace, name },
    spec: { backupRef: { name: 'mine' }, addonRef: { name: 'my-app' }, overwrite },
  });
}

type Conditioned = KubeObject & {
  status?: { conditions?: readonly { type: string; reason: string }[] | undefined };
};

/** Waits until the condition Ready of a backup, a restore or a store has that reason. */
export async function untilReason<T extends Conditioned>(
  bed: OperatorBed,
  kind: Kind<T>,
  { namespace, name }: { namespace: string; name: string },
  reason: string,
): Promise<Live<T>> {
  return await eventually(`${kind.kind} ${namespace}/${name} to be ${reason}`, async () => {
    const found = await bed.client.get(kind, { namespace, name });
    if (found !== undefined && reasonOf(found) === reason) return found;
    throw new Error(JSON.stringify(found?.status, null, 1));
  });
}

export function reasonOf(object: Conditioned | undefined): string | undefined {
  return object?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
}

export async function untilBackup(
  bed: OperatorBed,
  namespace: string,
  name: string,
  reason = 'Completed',
): Promise<Live<Backup>> {
  return await untilReason(bed, InfluxBackup, { namespace, name }, reason);
}

export async function untilRestore(
  bed: OperatorBed,
  namespace: string,
  name: string,
  reason = 'Completed',
): Promise<Live<Restore>> {
  return await untilReason(bed, InfluxRestore, { namespace, name }, reason);
}

/** The claim that the database my-app runs on. */
export async function mountedClaim(bed: OperatorBed, namespace: string): Promise<string | undefined> {
  const set = await bed.client.get(StatefulSet, { namespace, name: 'my-app-influx' });
  const volumes = set?.spec?.template.spec?.volumes ?? [];
  return volumes.find(({ name }) => name === 'data')?.persistentVolumeClaim?.claimName;
}

/** Names of the claims of a namespace that are not on their way out, sorted. */
export async function claimsOf(bed: OperatorBed, namespace: string): Promise<string[]> {
  const found = await bed.client.list(PersistentVolumeClaim, { namespace });
  return found.items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

/** Objects of a kind are made twice, as when an answer is lost on its way and the request is sent again. */
export function sentTwice(inner: Transport, plural: string): Transport {
  return {
    request: async (request) => {
      if (request.method === 'POST' && request.path.endsWith(`/${plural}`)) await inner.request(request);
      return await inner.request(request);
    },
    watch: (request) => inner.watch(request),
    close: () => inner.close(),
  };
}
