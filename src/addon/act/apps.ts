import { type Actor } from './actor.ts';
import type { PatchAction } from '../decision/action.ts';
import { keyOf as appKeyOf } from '../world/names.ts';

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
