import type { PersistentVolumeClaim } from '../../kube/kinds.ts';
import { compareQuantities } from '../../kube/quantity.ts';
import { ANNOTATION, childNames, keptMeta } from '../names.ts';
import type { BuildContext } from './context.ts';

/**
 * One volume for meta, data and write-ahead log together: three would not be consistent with each other. A child of
 * its own rather than a template of the StatefulSet, whose templates are immutable: growing is one patch. No owner.
 */
export function buildClaim({ addon, facts, target, children }: BuildContext): PersistentVolumeClaim {
  const storage = target.plan.spec.storage;
  const asked = children.claim?.spec?.resources?.requests?.storage;
  const size = asked !== undefined && compareQuantities(asked, storage.size) > 0 ? asked : storage.size; // a volume never shrinks
  const { claim } = children;
  const madeFor = claim === undefined ? addon.metadata.uid : claim.metadata.annotations?.[ANNOTATION.madeFor];
  const meta = keptMeta(addon, childNames(addon.metadata.name).claim);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...meta,
      annotations: {
        [ANNOTATION.id]: facts.id,
        [ANNOTATION.openedBy]: facts.openedBy ?? target.version.name,
        [ANNOTATION.planStorage]: storage.size,
        ...(madeFor === undefined ? {} : { [ANNOTATION.madeFor]: madeFor }),
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
