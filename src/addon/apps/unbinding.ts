import { appsOf } from '../../api/addon-defaults.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import type { Action, FindOwnersAction, PatchAction } from '../decision/action.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import type { Finding } from '../world/memory.ts';
import { keyOf } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { appEntries, removalOf, removedEntries } from './entries.ts';
import { knownEntries } from './owners.ts';
import { appPatch, ownersOf } from './patch.ts';

type Seen = Pick<World, 'addon' | 'apps' | 'memory'>;

/**
 * Apps that the spec names no more lose the variables that were injected into them. That needs nothing of the database
 * and nothing of the rest of the spec, so it is done before either is looked at.
 */
export function unbindStep({ world, now }: Scene): Outcome | undefined {
  const active = activeFindings(world, now.getTime());
  const allowed = removals(world)
    .filter(({ patch }) => findingOf(patch, active) === undefined)
    .map(({ action }) => action);
  return allowed.length === 0 ? undefined : acting(allowed);
}

/** Apps whose variables may not be taken out, and why. */
export function refusedRemovals(
  world: Seen,
  active: readonly Finding[],
): { readonly entry: AppStatus; readonly finding: Finding }[] {
  return removals(world).flatMap(({ entry, patch }) => {
    const finding = findingOf(patch, active);
    return finding === undefined ? [] : [{ entry, finding }];
  });
}

/** What takes the variables out of every app again, before the addon goes, and what keeps that from being done. */
export function unbindAll(
  world: Seen,
  active: readonly Finding[],
): { readonly actions: readonly Action[]; readonly refused: Finding | undefined } {
  const known = new Map<string, Pick<AppStatus, 'kind' | 'name'>>();
  for (const app of [...appEntries(world), ...appsOf(world.addon)]) known.set(keyOf(app), app);
  const all = [...known.values()].flatMap((app) =>
    isInjected(world, app) ? (removal(world, app) ?? []) : [],
  );
  const findings = all.map(({ patch }) => findingOf(patch, active));
  return {
    actions: all.filter((_, index) => findings[index] === undefined).map(({ action }) => action),
    refused: findings.find((each) => each !== undefined),
  };
}

interface Removal {
  readonly patch: PatchAction;
  /** The patch, once it is known which of the variables are the owner's own. */
  readonly action: PatchAction | FindOwnersAction;
}

function removals(world: Seen): (Removal & { readonly entry: AppStatus })[] {
  return removedEntries(world).flatMap((entry) => {
    const found = removal(world, entry);
    return found === undefined ? [] : [{ entry, ...found }];
  });
}

function removal(world: Seen, app: Pick<AppStatus, 'kind' | 'name'>): Removal | undefined {
  const body = removalOf(world, app);
  if (body === undefined) return undefined;
  const patch = appPatch(world, app, { patch: body }, 'take the injected variables out');
  const known = knownEntries(world, app, world.apps.get(keyOf(app))) !== undefined;
  return { patch, action: known ? patch : ownersOf(world, app) };
}

function isInjected(world: Seen, app: Pick<AppStatus, 'kind' | 'name'>): boolean {
  const same = (each: { kind: string; name: string }) => keyOf(each) === keyOf(app);
  const entry = appEntries(world).find(same);
  return (
    entry?.injectedTemplate !== undefined ||
    appsOf(world.addon).some((each) => same(each) && each.env === 'Inject')
  );
}
