import type { InfluxAddon as Addon, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { InfluxAddon } from '../../api/kinds.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Actor } from '../act/actor.ts';

/** Applied with uid and resourceVersion: a decision from an old view, or of an old leader, is refused. */
export async function writeStatus(
  { client, stores }: Pick<Actor, 'client' | 'stores'>,
  addon: Live<Addon>,
  status: InfluxAddonStatus,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, uid, resourceVersion } = addon.metadata;
  const metadata = { name, namespace: namespace ?? '', uid, resourceVersion };
  const intent = { metadata, status } as unknown as Addon;
  try {
    const live = await client.apply(InfluxAddon, intent, { subresource: 'status', force: true }, signal);
    stores.addons.recordWrite(live);
  } catch (reason) {
    const error = ApiError.from(reason);
    if (error.isNotFound) return; // it went meanwhile: there is nobody left to tell
    throw error;
  }
}
