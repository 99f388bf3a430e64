import { record } from './objects.ts';
import { type Actor, type Outcome, DONE, SURPRISED } from './actor.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { GrowVolumeAction } from '../decision/action.ts';

/** What the API server or a quota has against it is told with the volume: the database itself is as it should be. */
export async function growVolume(
  actor: Actor,
  addon: Live<InfluxAddon>,
  { kind, object }: GrowVolumeAction,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    record(actor, kind as Kind<KubeObject>, await actor.client.replace(kind, object, signal));
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
