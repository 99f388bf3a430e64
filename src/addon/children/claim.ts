import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import { compareQuantities } from '../../kube/objects/quantity.ts';
import { ANNOTATION, childNames, keptMeta } from '../world/names.ts';
import type { BuildContext } from './context.ts';

/**
 * One volume for meta, data and write-ahead log together: three would not be consistent with each other. A child of
 * its own rather than a template of the StatefulSet, whose templates are immutable: growing is one patch. No owner.
 */
export function buildClaim({
  addon,
  facts,
  target,
  children,
  growTo,
  restoredFrom,
  startedEmpty = children.claim?.metadata.annotations?.[ANNOTATION.startedEmpty],
}: BuildContext): PersistentVolumeClaim {
  const storage = target.plan.spec.storage;
  const { claim } = children;
  // A volume never shrinks: what it was asked to grow to stays.
  const asked = claim?.spec?.resources?.requests?.storage;
  const size = largest([storage.size, asked, growTo?.size]);
  const grownAt = growTo?.at.toISOString() ?? claim?.metadata.annotations?.[ANNOTATION.grownAt];
  const madeFor = claim === undefined ? addon.metadata.uid : claim.metadata.annotations?.[ANNOTATION.madeFor];
  const meta = keptMeta(addon, target.claim ?? childNames(addon.metadata.name).claim);
  const restoredBy = claim?.metadata.annotations?.[ANNOTATION.restoredBy];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...meta,
      annotations: {
        ...meta.annotations,
        [ANNOTATION.id]: facts.id,
        [ANNOTATION.openedBy]: facts.openedBy ?? target.version.name,
        [ANNOTATION.planStorage]: storage.size,
        ...(madeFor === undefined ? {} : { [ANNOTATION.madeFor]: madeFor }),
        ...(restoredBy === undefined ? {} : { [ANNOTATION.restoredBy]: restoredBy }),
        ...(restoredFrom === undefined ? {} : { [ANNOTATION.restoredFrom]: restoredFrom }),
        ...(startedEmpty === undefined ? {} : { [ANNOTATION.startedEmpty]: startedEmpty }),
        ...(grownAt === undefined ? {} : { [ANNOTATION.grownAt]: grownAt }),
      },
    },
    spec: {
      accessModes: [storage.accessMode ?? 'ReadWriteOncePod'],
      volumeMode: 'Filesystem',
      resources: { requests: { storage: size } },
      ...(storage.className === undefined || storage.className === ''
        ? {}
        : { storageClassName: storage.className }),
    },
  };
}

/** The first of those that are as large: a size that means the same is not written anew. */
function largest([first, ...others]: readonly [string, ...(string | undefined)[]]): string {
  return others.reduce<string>(
    (most, size) => (size !== undefined && compareQuantities(size, most) > 0 ? size : most),
    first,
  );
}
