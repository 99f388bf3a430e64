import type { KubeObject } from '../../kube/objects/types.ts';
import type { World } from '../world/world.ts';

/** It was made for an addon of the same name that was deleted, and goes with it. */
export function isOfPredecessor(addon: World['addon'], child: KubeObject): boolean {
  const owners = child.metadata?.ownerReferences?.filter(({ kind }) => kind === 'InfluxAddon') ?? [];
  return owners.length > 0 && owners.every(({ uid }) => uid !== addon.metadata.uid);
}
