import type { InfluxAddon as Addon, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { InfluxAddon } from '../../api/kinds.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Actor } from '../act/actor.ts';

/** Written with uid and resourceVersion: a decision from an old view, or of an old leader, is refused. */
export async function writeStatus(
  { client, stores }: Pick<Actor, 'client' | 'stores'>,
  addon: Live<Addon>,
  status: InfluxAddonStatus,
  signal: AbortSignal,
): Promise<void> {
  try {
    const live = await client.writeStatus(InfluxAddon, addon, status, signal);
    stores.addons.recordWrite(live);
  } catch (reason) {
    const error = ApiError.from(reason);
    if (error.isNotFound) return; // it went meanwhile: there is nobody left to tell
    throw error;
  }
}
