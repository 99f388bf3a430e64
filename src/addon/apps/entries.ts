import type { AppStatus } from '../../api/influx-addon.ts';
import type { World } from '../world.ts';

/** What `status.apps[]` will say: what it says, and what was patched since. */
export function appEntries({ addon, memory }: Pick<World, 'addon' | 'memory'>): AppStatus[] {
  const entries = new Map((addon.status?.apps ?? []).map((entry) => [keyOf(entry), entry]));
  for (const [key, entry] of memory.patchedApps) entries.set(key, entry);
  return [...entries.values()];
}

/** `Kind/name`. */
export function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}/${name}`;
}
