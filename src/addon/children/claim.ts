import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import { compareQuantities, formatBytes, isQuantity, unitsOf } from '../../kube/objects/quantity.ts';
import type { Live } from '../../kube/objects/types.ts';
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
  lowerTo,
  restoredFrom,
  madeAgainFor = children.claim?.metadata.annotations?.[ANNOTATION.madeAgainFor],
  startedEmpty = children.claim?.metadata.annotations?.[ANNOTATION.startedEmpty],
}: BuildContext): PersistentVolumeClaim {
  const storage = target.plan.spec.storage;
  const { claim } = children;
  // A volume never shrinks: what it was asked to grow to stays.
  const asked = claim?.spec?.resources?.requests?.storage;
  const size = lowerTo ?? largest([storage.size, asked, growTo?.size]);
  // As long as the plan that asked is remembered, its growth can be given up.
  const gives =
    claim !== undefined && lowerTo === undefined && loweredSize(claim, storage.size) !== undefined;
  const askedBy = gives ? claim.metadata.annotations?.[ANNOTATION.planStorage] : undefined;
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
        [ANNOTATION.planStorage]: askedBy ?? storage.size,
        ...(madeFor === undefined ? {} : { [ANNOTATION.madeFor]: madeFor }),
        ...(restoredBy === undefined ? {} : { [ANNOTATION.restoredBy]: restoredBy }),
        ...(restoredFrom === undefined ? {} : { [ANNOTATION.restoredFrom]: restoredFrom }),
        ...(startedEmpty === undefined ? {} : { [ANNOTATION.startedEmpty]: startedEmpty }),
        ...(madeAgainFor === undefined ? {} : { [ANNOTATION.madeAgainFor]: madeAgainFor }),
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

/**
 * What a claim asks for instead once a plan is left whose volume never came: as little as Kubernetes takes, which is more
 * than there is. Undefined when there is nothing to give up. A growth that no plan asked for stays: of a volume that was
 * filling, or by somebody's hand.
 */
export function loweredSize(claim: Live<PersistentVolumeClaim>, planSize: string): string | undefined {
  const asked = claim.spec?.resources?.requests?.storage;
  const capacity = claim.status?.capacity?.['storage'];
  const askedBy = claim.metadata.annotations?.[ANNOTATION.planStorage];
  if (asked === undefined || capacity === undefined || !isQuantity(askedBy)) return undefined;
  if (compareQuantities(asked, capacity) <= 0 || compareQuantities(asked, askedBy) > 0) return undefined;
  const least = largest([planSize, formatBytes(unitsOf(capacity) + JUST_ABOVE)]);
  return compareQuantities(least, asked) < 0 ? least : undefined;
}

const JUST_ABOVE = 2 ** 20;

/** The first of those that are as large: a size that means the same is not written anew. */
function largest([first, ...others]: readonly [string, ...(string | undefined)[]]): string {
  return others.reduce<string>(
    (most, size) => (size !== undefined && compareQuantities(size, most) > 0 ? size : most),
    first,
  );
}
