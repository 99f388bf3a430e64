import { entriesOfOthers } from '../../apps/owners.ts';
import type { FindOwnersAction, PatchAction } from '../../decision/action.ts';
import type { Memory } from '../../world/memory.ts';
import { keyOf } from '../../world/names.ts';
import type { Workload } from '../../world/world.ts';
import type { Live } from '../../../kube/objects/types.ts';
import type { Stored } from './model-api.ts';

/** What is remembered of an app that was patched. */
export function appPatched(memory: Memory, { kind, key, entry }: PatchAction, now: number): Memory {
  const patchedApps = new Map(memory.patchedApps);
  patchedApps.delete(`${kind.kind}/${key.name}`);
  if (entry !== undefined) patchedApps.set(keyOf(entry), entry);
  return { ...memory, appsPatchedMs: now, patchedApps };
}

/** What is remembered of an app that was read. */
export function ownersFound(memory: Memory, { kind, key }: FindOwnersAction, live: Stored): Memory {
  const { uid, resourceVersion } = live.metadata;
  const entries = entriesOfOthers(live as unknown as Live<Workload>);
  const ownedEntries = new Map(memory.ownedEntries);
  ownedEntries.set(keyOf({ kind: kind.kind, name: key.name }), { uid, resourceVersion, entries });
  return { ...memory, ownedEntries };
}
