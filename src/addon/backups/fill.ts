import { acting, telling, type Outcome } from '../decision/outcome.ts';
import { blockedPicture } from '../decision/picture.ts';
import type { Scene } from '../decision/story.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import { InfluxRestore as InfluxRestoreKind } from '../../api/kinds.ts';
import { mark } from '../../backup/schedule.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action } from '../decision/action.ts';
import type { Facts } from '../world/facts.ts';
import { ANNOTATION, ownedMeta } from '../world/names.ts';
import { READY_REASON, STALLED_REASON } from '../../api/reasons.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';

/** What keeps a database that is to begin with a backup from being started. */
export type Filling =
  | { readonly state: 'Make'; readonly action: Action }
  | { readonly state: 'Wait'; readonly refusal: Refusal };

/**
 * A new addon with `spec.restoreFrom`: an InfluxRestore of its own fills the volume before the first engine is started on
 * it. Undefined when the volume is filled, or has been a database's before: then there is nothing to be created.
 */
export function fillFromBackup(world: World, facts: Pick<Facts, 'id'>): Filling | undefined {
  const { addon, children } = world;
  const backup = addon.spec.restoreFrom?.backupRef.name;
  if (backup === undefined || children.statefulSet !== undefined) return undefined;
  // What was lost since is restored by an InfluxRestore of its own, and only when somebody asks for it.
  if (addon.status?.dataPlane?.revision !== undefined) return undefined;
  const annotations = children.claim?.metadata.annotations;
  if (annotations?.[ANNOTATION.restoredFrom] !== undefined) return undefined;
  // A volume that was kept has somebody else's mark: it holds a database already.
  if (children.claim !== undefined && annotations?.[ANNOTATION.madeFor] !== addon.metadata.uid)
    return undefined;
  const restore = ownRestore(world);
  if (restore === undefined) return { state: 'Make', action: makeRestore(world, backup, facts.id) };
  const { status } = restore;
  const said = status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'it has not begun yet';
  const name = `InfluxRestore ${restore.metadata.name}`;
  if (status?.failedAt !== undefined) {
    const message = `spec.restoreFrom: ${name} failed: ${said} Delete that object to try again, or make an addon without restoreFrom.`;
    return { state: 'Wait', refusal: { reason: STALLED_REASON.restoreFailed, message } };
  }
  const message = `The database is filled from InfluxBackup ${backup} (${name}): ${said}`;
  const refusal = { reason: STALLED_REASON.restoreFailed, message, waiting: READY_REASON.restoring } as const;
  return { state: 'Wait', refusal };
}

/** Name of the backup that the volume holds, once it is whole there; it is kept on the claim. */
function filledFrom(world: World): string | undefined {
  const kept = world.children.claim?.metadata.annotations?.[ANNOTATION.restoredFrom];
  if (world.addon.status?.dataPlane?.revision !== undefined) return kept;
  const restore = ownRestore(world);
  return kept ?? (restore?.status?.restoredAt === undefined ? undefined : restore.spec.backupRef.name);
}

function ownRestore({ addon, restores }: World): Live<InfluxRestore> | undefined {
  return restores.find(
    ({ metadata }) =>
      metadata.deletionTimestamp === undefined &&
      metadata.ownerReferences?.some(({ uid }) => uid === addon.metadata.uid),
  );
}

function makeRestore({ addon }: World, backup: string, id: string): Action {
  const { name, uid } = addon.metadata;
  const object = {
    metadata: ownedMeta(addon, `${name}-restore-${mark(uid)}`),
    spec: { backupRef: { name: backup }, addonRef: { name }, overwrite: id },
  } as KubeObject;
  return { do: 'create', kind: InfluxRestoreKind as Kind<KubeObject>, object };
}

export interface Filled {
  readonly filling: Filling | undefined;
  /** Name of the backup that the volume was filled from when it was new. */
  readonly restoredFrom: string | undefined;
}

export function filledStep({ world, facts }: Scene & { readonly facts: Facts }): Filled {
  return { filling: fillFromBackup(world, facts), restoredFrom: filledFrom(world) };
}

/** No engine is started on a volume that is still to be filled. */
export function fillStep({
  world,
  facts,
  filling,
  unimplemented,
}: Scene & Filled & { readonly facts: Facts; readonly unimplemented: readonly string[] }):
  | Outcome
  | undefined {
  if (filling === undefined) return undefined;
  if (filling.state === 'Make') return acting([filling.action]);
  return telling(blockedPicture(world, filling.refusal, facts, unimplemented));
}
