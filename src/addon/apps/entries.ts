import { childNames, keyOf } from '../world/names.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import { appsOf, type BoundApp } from '../../api/addon-defaults.ts';
import type { World } from '../world/world.ts';
import { knownEntries } from './owners.ts';
import { unbindPatch } from './patch.ts';

/** What `status.apps[]` will say: what it says, and what was patched since. */
export function appEntries({ addon, memory }: Pick<World, 'addon' | 'memory'>): AppStatus[] {
  const entries = new Map((addon.status?.apps ?? []).map((entry) => [keyOf(entry), entry]));
  for (const [key, entry] of memory.patchedApps) entries.set(key, entry);
  return [...entries.values()];
}

/** In place of a template: the variables are about to go in. */
const PENDING = 'pending';

/** The entry of an app that variables are to be injected into, before they are. */
export function pendingEntry({ kind, name }: Pick<AppStatus, 'kind' | 'name'>): AppStatus {
  return { kind, name, injectedTemplate: PENDING };
}

/** Of apps that were bound with injected variables and that the spec names no more. */
export function removedEntries(world: Pick<World, 'addon' | 'memory'>): AppStatus[] {
  const named = new Set(appsOf(world.addon).map(keyOf));
  return appEntries(world).filter(
    (entry) => entry.injectedTemplate !== undefined && !named.has(keyOf(entry)),
  );
}

/** What takes the injected variables out of an app; undefined when none of them is there. */
export function removalOf(
  world: Pick<World, 'addon' | 'apps' | 'memory'>,
  app: Pick<AppStatus, 'kind' | 'name'>,
): object | undefined {
  const secretName = childNames(world.addon.metadata.name).urlSecret;
  const workload = world.apps.get(keyOf(app));
  return unbindPatch({ secretName, kept: knownEntries(world, app, workload) }, workload);
}

/**
 * The entries as status has to list them while the apps are not looked at. An app is listed before variables go in:
 * whatever crashes then, it is known where they have to be taken out again. Then it is listed no more.
 */
export function announcedEntries(world: Pick<World, 'addon' | 'apps' | 'memory'>): AppStatus[] {
  const removed = removedEntries(world).filter((entry) => removalOf(world, entry) === undefined);
  const entries = appEntries(world).filter((entry) => !removed.includes(entry));
  const known = new Set(entries.map(keyOf));
  const injected = appsOf(world.addon).filter((app) => app.env === 'Inject' && !known.has(keyOf(app)));
  return [...entries, ...injected.map(pendingEntry)];
}

/** As many as the definition allows in `status.apps`, and in `spec.apps`. */
const MOST_LISTED = 64;

/**
 * What of the entries finds room in status, which refuses longer lists as a whole. Apps that have variables, and are
 * listed as such, stay until these are taken out again; further ones wait for their place, and get no variables before
 * they have it.
 */
export function listable({ addon }: Pick<World, 'addon'>, entries: readonly AppStatus[]): AppStatus[] {
  if (entries.length <= MOST_LISTED) return [...entries];
  const listed = new Set((addon.status?.apps ?? []).map(keyOf));
  const named = new Set(appsOf(addon).map(keyOf));
  const rankOf = (entry: AppStatus): number => {
    const key = keyOf(entry);
    if (listed.has(key)) return entry.injectedTemplate !== undefined ? 0 : named.has(key) ? 1 : 3;
    return named.has(key) ? 2 : 3;
  };
  const kept = new Set(entries.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, MOST_LISTED));
  return entries.filter((entry) => kept.has(entry));
}

/** Status lists the app as one that has, or is to have, injected variables. */
export function isAnnounced({ addon }: Pick<World, 'addon'>, app: { kind: string; name: string }): boolean {
  const entry = addon.status?.apps?.find((each) => keyOf(each) === keyOf(app));
  return entry?.injectedTemplate !== undefined;
}

/** It was bound as the spec says, with what was accepted before. */
export function isBound(
  app: BoundApp,
  entry: AppStatus | undefined,
): entry is AppStatus & { readonly revision: string } {
  const isInjected = entry?.injectedTemplate !== undefined;
  return entry?.revision !== undefined && isInjected === (app.env === 'Inject');
}
