import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { bytesOf } from './quantity.ts';
import { provisionerName, storageClasses } from './storage-classes.ts';

/** One thing to do for the claims and volumes of this node as they are now. */
export type Action =
  | { do: 'provision'; claim: PersistentVolumeClaim; volumeName: string }
  | { do: 'expand'; claim: PersistentVolumeClaim; volume: PersistentVolume; size: string }
  | { do: 'finishExpansion'; claim: PersistentVolumeClaim; size: string }
  | { do: 'delete'; volume: PersistentVolume };

const ownClasses = new Set(storageClasses.map((each) => each.metadata?.name));

export function decide(claims: PersistentVolumeClaim[], volumes: PersistentVolume[], node: string): Action[] {
  const byName = new Map(volumes.filter(isOurs).map((volume) => [volume.metadata!.name!, volume]));
  return [
    ...claims.flatMap((claim) => forClaim(claim, byName, node)),
    ...[...byName.values()].filter(isAbandoned).map((volume): Action => ({ do: 'delete', volume })),
  ];
}

function forClaim(
  claim: PersistentVolumeClaim,
  volumes: Map<string, PersistentVolume>,
  node: string,
): Action[] {
  const { metadata, spec, status } = claim;
  const volumeName = volumeNameOf(claim);
  if (status?.phase === 'Pending' && !spec?.volumeName) {
    const wanted =
      ownClasses.has(spec?.storageClassName) &&
      metadata?.deletionTimestamp === undefined &&
      // Set by the scheduler: these classes wait for the first pod.
      metadata?.annotations?.['volume.kubernetes.io/selected-node'] === node;
    return wanted && !volumes.has(volumeName) ? [{ do: 'provision', claim, volumeName }] : [];
  }
  const volume = volumes.get(spec?.volumeName ?? '');
  const size = spec?.resources?.requests?.['storage'];
  if (status?.phase !== 'Bound' || volume === undefined || size === undefined) return [];
  const asked = bytesOf(size);
  if (asked > bytesOf(volume.spec?.capacity?.['storage'] ?? '0'))
    return [{ do: 'expand', claim, volume, size }];
  const resizing = status.conditions?.some((each) => each.type === 'Resizing') ?? false;
  const shown = bytesOf(status.capacity?.['storage'] ?? '0');
  return asked > shown || resizing ? [{ do: 'finishExpansion', claim, size }] : [];
}

/** By the claim's uid, so that a claim made anew under an old name gets a new disk. */
export function volumeNameOf(claim: PersistentVolumeClaim): string {
  return `pvc-${claim.metadata?.uid}`;
}

export function persistentVolumeFor(
  claim: PersistentVolumeClaim,
  path: string,
  node: string,
): PersistentVolume {
  const storageClassName = claim.spec!.storageClassName!;
  const { name, namespace, uid } = claim.metadata!;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeNameOf(claim),
      // Leaves deletion to us rather than to the controller's own plugins.
      annotations: { 'pv.kubernetes.io/provisioned-by': provisionerName },
    },
    spec: {
      capacity: { storage: claim.spec!.resources!.requests!['storage']! },
      accessModes: claim.spec!.accessModes!,
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName,
      volumeMode: 'Filesystem',
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: namespace!,
        name: name!,
        uid: uid!,
      },
      local: { path },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
  };
}

function isOurs(volume: PersistentVolume): boolean {
  return volume.metadata?.annotations?.['pv.kubernetes.io/provisioned-by'] === provisionerName;
}

function isAbandoned(volume: PersistentVolume): boolean {
  return volume.status?.phase === 'Released' && volume.spec?.persistentVolumeReclaimPolicy === 'Delete';
}
