import type { InfluxAddon } from '../../api/influx-addon.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Actor, Outcome } from './actor.ts';
import type { FindClaimAction } from '../decision/action.ts';
import { ANNOTATION, labelsOf } from '../world/names.ts';

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
    return { result: 'done' };
  }
  const { labels, annotations } = live.metadata;
  const named = [labels?.[ANNOTATION.id], annotations?.[ANNOTATION.id]].includes(id);
  if (!named && live.metadata.uid !== addon.status?.storage?.uid && !isOurs(live)) return 'Foreign';
  const metadata = { ...live.metadata, labels: { ...labels, ...labelsOf(name) } };
  const seen = await client.replace(kinds.PersistentVolumeClaim, { ...live, metadata }, signal);
  stores.claims.recordWrite(seen);
  memories.update(uid, { claimLook: undefined });
  return { result: 'surprised' };
}
