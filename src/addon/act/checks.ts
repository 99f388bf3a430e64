import { record } from './objects.ts';
import { type Actor } from './actor.ts';
import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind } from '../../api/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import * as kinds from '../../kube/objects/kinds.ts';

/** No write has a precondition on the addon that asks for it: that it still does is asked for just before. */
export async function isPresent(
  { client }: Actor,
  { metadata }: Live<InfluxAddon>,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, namespace = '', uid, generation } = metadata;
  const live = await client.get(InfluxAddonKind, { name, namespace }, signal);
  return (
    live?.metadata.uid === uid &&
    live.metadata.generation === generation &&
    live.metadata.deletionTimestamp === undefined
  );
}

export async function isAsSeen(
  { client }: Actor,
  seen: Live<kinds.Secret>,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, namespace = '', uid, resourceVersion } = seen.metadata;
  const live = await client.get(kinds.Secret, { name, namespace }, signal);
  return live?.metadata.uid === uid && live.metadata.resourceVersion === resourceVersion;
}

/** Tells the cache, so that it is decided from there what is to be done instead. */
export async function isBeingDeleted(
  actor: Actor,
  { metadata }: Live<InfluxAddon>,
  seen: Live<kinds.PersistentVolumeClaim>,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, namespace = '' } = seen.metadata;
  const live = await actor.client.get(kinds.PersistentVolumeClaim, { name, namespace }, signal);
  // Without a volume there is nothing to be kept.
  if (live?.metadata.deletionTimestamp === undefined || live.status?.phase === 'Lost') return false;
  if (metadata.annotations?.[Annotation.startEmpty] === live.metadata.uid) return false;
  record(actor, kinds.PersistentVolumeClaim as Kind<KubeObject>, live);
  return true;
}
