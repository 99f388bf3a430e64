import { appsOf, deletionPolicyOf } from '../../api/addon-defaults.ts';
import { InfluxAddon } from '../../api/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import { appEntries } from '../apps/entries.ts';
import type { Action } from '../decision/action.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import { FINALIZER } from '../world/names.ts';
import type { World } from '../world/world.ts';

/**
 * A finalizer only where something has to be done before the addon may go: data to be deleted, variables to be taken
 * out of apps. Under Retain without injection nothing can hang, whatever becomes of the operator.
 */
function needsFinalizer(world: Pick<World, 'addon' | 'memory'>): boolean {
  const { addon } = world;
  const injected =
    appsOf(addon).some((app) => app.env === 'Inject') ||
    appEntries(world).some((app) => app.injectedTemplate !== undefined);
  return injected || deletionPolicyOf(addon) !== 'Retain';
}

/** Adds or removes the finalizer; undefined when it is as it should be. */
export function finalizerAction(world: Pick<World, 'addon' | 'memory'>): Action | undefined {
  const { addon } = world;
  const has = addon.metadata.finalizers?.includes(FINALIZER) ?? false;
  const needs = needsFinalizer(world);
  if (has === needs) return undefined;
  const others = (addon.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  return patchFinalizers(
    addon,
    needs ? [...others, FINALIZER] : others,
    needs ? 'hold deletion until cleaned up' : 'nothing to clean up',
  );
}

export function finalizerStep({ world, now }: Scene): Outcome | undefined {
  const action = finalizerAction(world);
  if (action === undefined || findingOf(action, activeFindings(world, now.getTime())) !== undefined)
    return undefined;
  return acting([action]);
}

/** The addon may go, as far as the operator is concerned. */
export function letGo(addon: World['addon']): Action {
  const others = (addon.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  return patchFinalizers(addon, others, 'cleaned up');
}

function patchFinalizers(addon: World['addon'], finalizers: string[], why: string): Action {
  const { name, namespace, uid, resourceVersion } = addon.metadata;
  const body = { metadata: { uid, resourceVersion, finalizers } };
  return {
    do: 'patch',
    kind: InfluxAddon as Kind<KubeObject>,
    key: { name, namespace: namespace ?? '' },
    type: 'merge',
    body,
    why,
  };
}
