import { ANNOTATION } from '../world/names.ts';
import type { World } from '../world/world.ts';

/** It answered once, or what is left of it is of an earlier addon of this name. */
export function hadData({
  addon,
  children,
}: Pick<World, 'addon'> & { readonly children: Pick<World['children'], 'adminSecret'> }): boolean {
  if (addon.status?.dataPlane?.revision !== undefined) return true;
  // A new addon that begins with a backup asks for no other data.
  if (addon.spec.restoreFrom !== undefined || children.adminSecret === undefined) return false;
  const { annotations, creationTimestamp } = children.adminSecret.metadata;
  const madeFor = annotations?.[ANNOTATION.madeFor];
  if (madeFor !== undefined) return madeFor !== addon.metadata.uid;
  // Of a release that did not write it down. The clocks of two API servers may differ a little.
  const before = Date.parse(addon.metadata.creationTimestamp ?? '') - Date.parse(creationTimestamp ?? '');
  return before > CLOCKS_DIFFER_MS;
}

const CLOCKS_DIFFER_MS = 60_000;
