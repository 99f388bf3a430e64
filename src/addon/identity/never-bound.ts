import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { ANNOTATION } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { hadData } from './had-data.ts';

/** Set by Kubernetes when a claim gets its volume, and not taken away with it. */
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';

/**
 * A claim that waits for its first volume. The API server lets nobody change one, and nothing is lost with it: of a
 * database that had data it is told otherwise, since there it may be to bind the volume of before.
 */
export function isNeverBound(
  { addon, children }: Pick<World, 'addon' | 'children'>,
  claim: Live<PersistentVolumeClaim> | undefined = children.claim,
): boolean {
  if (claim?.status?.phase !== 'Pending') return false;
  const { volumeName, selector, dataSource, dataSourceRef } = claim.spec ?? {};
  if ([volumeName, selector, dataSource, dataSourceRef].some((each) => each !== undefined)) return false;
  const { annotations = {} } = claim.metadata;
  if (BIND_COMPLETED in annotations || ANNOTATION.restoredBy in annotations) return false;
  if (annotations[ANNOTATION.madeFor] !== addon.metadata.uid) return false;
  return ANNOTATION.startedEmpty in annotations || !hadData({ addon, children });
}
