import { Annotation } from '../../../api/annotations.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type { Live } from '../../../kube/objects/types.ts';
import type { Secret } from '../../../kube/objects/kinds.ts';
import type { Action } from '../../decision/action.ts';
import { targetOf } from '../../decision/findings.ts';
import { isImmutable, type ModelApi, type Stored } from './model-api.ts';

/** What came of an action. */
export type ActOutcome = 'Done' | 'Wait' | 'Surprised';

/** The write would be refused for good: it is to the content of an immutable Secret, or somebody refuses it. */
export function isRefused(api: ModelApi, action: Action, refuses: string | undefined): boolean {
  const target = targetOf(action);
  if (target !== undefined && target === refuses) return true;
  return (
    action.do === 'replace' && isImmutable(api.get(action.kind.kind, action.object.metadata?.name ?? ''))
  );
}

/** What the action builds on is as it was seen. */
export function isAsSeen(api: ModelApi, action: Action): boolean {
  if (!('follows' in action) || action.follows === undefined) return true;
  const { name, uid, resourceVersion } = action.follows.metadata;
  const live = api.get<Secret>('Secret', name)?.metadata;
  return live?.uid === uid && live.resourceVersion === resourceVersion;
}

/** The claim of the pod that the action ends, when somebody has deleted it meanwhile. */
export function deletedClaim(api: ModelApi, addon: Live<InfluxAddon>, action: Action): Stored | undefined {
  if (!('over' in action) || action.over === undefined) return undefined;
  const live = api.get('PersistentVolumeClaim', action.over.metadata.name);
  const { deletionTimestamp, uid } = live?.metadata ?? {};
  const isLetGo = addon.metadata.annotations?.[Annotation.startEmpty] === uid;
  return deletionTimestamp === undefined || isLetGo ? undefined : live;
}
