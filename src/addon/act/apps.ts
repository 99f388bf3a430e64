import { type Actor, type Outcome, DONE } from './actor.ts';
import type { Live } from '../../kube/objects/types.ts';
import { entriesOfOthers } from '../apps/owners.ts';
import type { FindOwnersAction, PatchAction } from '../decision/action.ts';
import { keyOf as appKeyOf } from '../world/names.ts';
import type { Workload } from '../world/world.ts';
import { record } from './objects.ts';

export function rememberApp(
  { memories, clock }: Actor,
  uid: string,
  { kind, key, entry }: PatchAction,
): void {
  const patchedApps = new Map(memories.get(uid).patchedApps);
  if (entry === undefined) patchedApps.delete(`${kind.kind}/${key.name}`);
  else patchedApps.set(appKeyOf(entry), entry);
  memories.update(uid, { appsPatchedMs: clock.now(), patchedApps });
}

/** The cache gets the state that was read, so that what was found is known to be of it. */
export async function findOwners(
  actor: Actor,
  uid: string,
  { kind, key }: FindOwnersAction,
  signal: AbortSignal,
): Promise<Outcome> {
  const live = await actor.client.get(kind, key, signal);
  if (live === undefined) return { result: 'wait', ms: 200 };
  record(actor, kind, live);
  const found = {
    uid: live.metadata.uid,
    resourceVersion: live.metadata.resourceVersion,
    entries: entriesOfOthers(live as Live<Workload>),
  };
  const ownedEntries = new Map(actor.memories.get(uid).ownedEntries);
  actor.memories.update(uid, {
    ownedEntries: ownedEntries.set(appKeyOf({ kind: kind.kind, name: key.name }), found),
  });
  return DONE;
}
