import type { InForce } from '../../addon/world/facts.ts';
import { ANNOTATION, keptMeta } from '../../addon/world/names.ts';
import { given } from '../../kube/objects/given.ts';
import { PersistentVolumeClaim, type Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import type { CreateAction } from '../decision/action.ts';
import { jobAction, ownerOf, type Operation } from './jobs.ts';
import { identityOf, sizeOf, type RestoreWorld } from '../world/restore-world.ts';

const DEADLINE_SECONDS = 12 * 3600;

/** As the claim in force, but for its name: the same size, class and access; where that is lost, as the plan has it. */
export function claimFor({ restore, addon, current, inForce }: RestoreWorld): CreateAction | undefined {
  const name = restore.status?.claim;
  const spec = current?.spec ?? (inForce && specOf(inForce.plan.spec.storage));
  if (name === undefined || addon === undefined || spec === undefined) return undefined;
  const { accessModes, volumeMode, storageClassName, resources } = spec;
  const meta = keptMeta(addon, name);
  const annotations = {
    ...meta.annotations,
    ...given({
      [ANNOTATION.id]: addon.status?.id,
      [ANNOTATION.openedBy]: inForce?.version.name,
      [ANNOTATION.madeFor]: addon.metadata.uid,
      [ANNOTATION.restoredBy]: restore.metadata.uid,
    }),
  };
  const object = {
    metadata: { ...meta, annotations },
    spec: given({ accessModes, volumeMode, storageClassName, resources: { requests: resources?.requests } }),
  } as unknown as KubeObject;
  return { do: 'create', kind: PersistentVolumeClaim as Kind<KubeObject>, object };
}

function specOf({ size, className, accessMode }: InForce['plan']['spec']['storage']) {
  return {
    accessModes: [accessMode ?? 'ReadWriteOncePod'],
    volumeMode: 'Filesystem',
    storageClassName: className === '' ? undefined : className,
    resources: { requests: { storage: size } },
  };
}

/** The Job, or why it cannot be made. */
export function makeJob(world: RestoreWorld, name: string): CreateAction | string {
  const { restore, addon, backup, store, inForce, claim, settings } = world;
  const { location, source, sourceSecret, manifestSha256, bytes = 0 } = backup?.status ?? {};
  if (backup === undefined || (location ?? source ?? sourceSecret) === undefined)
    return `InfluxBackup ${restore.spec.backupRef.name} is gone.`;
  if (store === undefined && sourceSecret === undefined)
    return `The InfluxBackupStore of the backup is gone.`;
  if (
    inForce === undefined ||
    claim === undefined ||
    addon?.status?.id === undefined ||
    settings.image === undefined
  )
    return 'The addon is gone.';
  const { memory, cpu } = inForce.plan.spec;
  const target = {
    name: addon.status.id,
    engineVersion: inForce.version.name,
    storageBytes: sizeOf(claim),
  };
  const common = { deadlineSeconds: DEADLINE_SECONDS, target };
  const operation: Operation | undefined =
    location !== undefined
      ? {
          operation: 'restore',
          ...common,
          location,
          ...(manifestSha256 === undefined ? {} : { manifestSha256 }),
        }
      : source !== undefined
        ? { operation: 'import', ...common, source: { key: source } }
        : sourceSecret !== undefined
          ? { operation: 'copy', ...common }
          : undefined;
  if (operation === undefined)
    return `InfluxBackup ${restore.spec.backupRef.name} says nothing of where it is.`;
  return jobAction(
    {
      name,
      namespace: restore.metadata.namespace ?? '',
      subject: { kind: 'Restore', name: restore.metadata.name },
      owner: ownerOf('InfluxRestore', restore),
      store,
      operation,
    },
    {
      addonName: undefined,
      image: settings.image,
      engineImage: inForce.version.image,
      engineResources: { requests: { memory, cpu: cpu.request }, limits: { memory, cpu: cpu.limit } },
      // A copy goes from one server to the other, and needs no room between.
      dataBytes: sourceSecret !== undefined ? 0 : bytes > 0 ? bytes : sizeOf(claim),
      targetClaim: claim.metadata.name,
      secrets: given({ identity: identityOf(world), source: sourceSecret }),
    },
  );
}
