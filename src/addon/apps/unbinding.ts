import { appsOf } from '../../api/addon-defaults.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import type { Action, PatchAction } from '../decision/action.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import type { Finding } from '../world/memory.ts';
import { childNames, keyOf } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { appEntries, removedEntries } from './entries.ts';
import { appPatch, unbindPatch } from './patch.ts';

type Seen = Pick<World, 'addon' | 'apps' | 'memory'>;

/**
 * Apps that the spec names no more lose the variables that were injected into them. That needs nothing of the database
 * and nothing of the rest of the spec, so it is done before either is looked at.
 */
export function unbindStep({ world, now }: Scene): Outcome | undefined {
  const active = activeFindings(world, now.getTime());
  const allowed = removals(world)
    .map(({ action }) => action)
    .filter((action) => findingOf(action, active) === undefined);
  return allowed.length === 0 ? undefined : acting(allowed);
}

/** Apps whose variables may not be taken out, and why. */
export function refusedRemovals(
  world: Seen,
  active: readonly Finding[],
): { readonly entry: AppStatus; readonly finding: Finding }[] {
  return removals(world).flatMap(({ entry, action }) => {
    const finding = findingOf(action, active);
    return finding === undefined ? [] : [{ entry, finding }];
  });
}

/** The patches that take the variables out of every app again, before the addon goes. */
export function unbindAll(world: Seen): Action[] {
  const known = new Map<string, Pick<AppStatus, 'kind' | 'name'>>();
  for (const app of [...appEntries(world), ...appsOf(world.addon)]) known.set(keyOf(app), app);
  return [...known.values()].flatMap((app) => (isInjected(world, app) ? (removal(world, app) ?? []) : []));
}

function removals(world: Seen): { readonly entry: AppStatus; readonly action: PatchAction }[] {
  return removedEntries(world).flatMap((entry) => {
    const action = removal(world, entry);
    return action === undefined ? [] : [{ entry, action }];
  });
}

function removal(world: Seen, app: Pick<AppStatus, 'kind' | 'name'>): PatchAction | undefined {
  const secretName = childNames(world.addon.metadata.name).urlSecret;
  const patch = unbindPatch({ secretName }, world.apps.get(keyOf(app)));
  return patch && appPatch(world, app, { patch }, 'take the injected variables out');
}

function isInjected(world: Seen, app: Pick<AppStatus, 'kind' | 'name'>): boolean {
  const same = (each: { kind: string; name: string }) => keyOf(each) === keyOf(app);
  const entry = appEntries(world).find(same);
  return (
    entry?.injectedTemplate !== undefined ||
    appsOf(world.addon).some((each) => same(each) && each.env === 'Inject')
  );
}
