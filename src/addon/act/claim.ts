import type { InfluxAddon } from '../../api/influx-addon.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { type Actor, type Outcome, DONE, SURPRISED } from './actor.ts';
import { record } from './objects.ts';
import type { FindClaimAction, GrowVolumeAction } from '../decision/action.ts';
import { ANNOTATION, keptLabels } from '../world/names.ts';

/**
 * Looks for a claim that the cache, which goes by labels, does not see. One that is the addon's is made visible: it has
 * lost its labels, or somebody made it to bind the volume again.
 */
export async function findClaim(
  { client, stores, memories, clock }: Pick<Actor, 'client' | 'stores' | 'memories' | 'clock'>,
  addon: Live<InfluxAddon>,
  { key, id }: FindClaimAction,
  isOurs: (live: Live<kinds.PersistentVolumeClaim>) => boolean,
  signal: AbortSignal,
): Promise<Outcome | 'Foreign'> {
  const { uid, name } = addon.metadata;
  const live = await client.get(kinds.PersistentVolumeClaim, key, signal);
  const look = { name: key.name, atMs: clock.now() };
  if (live === undefined) {
    memories.update(uid, { claimLook: look });
    return DONE;
  }
  const { labels, annotations } = live.metadata;
  const named = [labels?.[ANNOTATION.id], annotations?.[ANNOTATION.id]].includes(id);
  if (!named && live.metadata.uid !== addon.status?.storage?.uid && !isOurs(live)) return 'Foreign';
  const metadata = { ...live.metadata, labels: { ...labels, ...keptLabels(name) } };
  const seen = await client.replace(kinds.PersistentVolumeClaim, { ...live, metadata }, signal);
  stores.claims.recordWrite(seen);
  memories.update(uid, { claimLook: undefined });
  return SURPRISED;
}

/** What the API server or a quota has against it is told with the volume: the database itself is as it should be. */
export async function growVolume(
  actor: Actor,
  addon: Live<InfluxAddon>,
  { kind, object }: GrowVolumeAction,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    record(actor, kind as kinds.Kind<KubeObject>, await actor.client.replace(kind, object, signal));
    return DONE;
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isForbidden && !error.isInvalid) throw error;
    const growthRefused = { message: error.message, untilMs: actor.clock.now() + GROW_AGAIN_MS };
    actor.memories.update(addon.metadata.uid, { growthRefused });
    return SURPRISED;
  }
}

const GROW_AGAIN_MS = 30 * 60_000;
