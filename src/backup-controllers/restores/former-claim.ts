import { isPaused } from '../../api/addon-defaults.ts';
import { ANNOTATION } from '../../addon/world/names.ts';
import { PersistentVolumeClaim, type Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import type { TaskAction } from '../decision/action.ts';
import type { RestoreWorld } from '../world/restore-world.ts';

/** The data of before is kept so long after a restore, for whoever finds that it was the wrong one. */
export const KEPT_HOURS = 24;
const KEPT_MS = KEPT_HOURS * 3_600_000;
const RECHECK_MS = 60_000;

/** What is to be done about it; undefined when nothing is left to do. */
export type FormerClaim = { readonly action: TaskAction } | { readonly waitMs: number } | undefined;

/**
 * The claim with the data of before goes when the restore is deleted that left it, or when its time is over. It is
 * looked at anew then: what is in force by any record, mounted, or another restore's is somebody's data.
 */
export function formerClaim(world: RestoreWorld, now: Date): FormerClaim {
  const { restore, previous, addon, mounted } = world;
  const { completedAt } = restore.status ?? {};
  if (completedAt === undefined || previous === undefined) return undefined;
  // Who deletes the addon decides about its volumes.
  if (addon === undefined || addon.metadata.deletionTimestamp !== undefined) return undefined;
  const isLeaving = restore.metadata.deletionTimestamp !== undefined;
  const leftMs = isLeaving ? 0 : Date.parse(completedAt) + KEPT_MS - now.getTime();
  if (leftMs > 0) return { waitMs: leftMs };
  if (!isFormer(world) || previous.metadata.deletionTimestamp !== undefined) return undefined;
  if (isPaused(addon)) return isLeaving ? undefined : { waitMs: RECHECK_MS };
  if (mounted === previous.metadata.name) return { waitMs: RECHECK_MS };
  const why = isLeaving ? 'the restore that left it is deleted' : 'its data was replaced a day ago';
  return {
    action: { do: 'delete', kind: PersistentVolumeClaim as Kind<KubeObject>, live: previous, why },
  };
}

/** It is what the database ran on before this restore, and nothing uses it now. */
function isFormer({ restore, previous, current, inForce, others }: RestoreWorld): boolean {
  const { name, annotations, creationTimestamp = '' } = previous?.metadata ?? {};
  // Without a record of what is in force nothing is known to be not.
  if (inForce?.claim === undefined || current === undefined) return false;
  if ([inForce.claim, current.metadata.name, restore.status?.claim].includes(name)) return false;
  if (annotations?.[ANNOTATION.id] !== restore.spec.overwrite) return false;
  // A later one of the same name.
  if (Date.parse(creationTimestamp) > Date.parse(restore.status?.startedAt ?? '')) return false;
  return !others.some(
    ({ status }) =>
      status?.claim === name && status?.completedAt === undefined && status?.failedAt === undefined,
  );
}
