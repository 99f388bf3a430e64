import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { newestOf } from '../../versions/rules.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { ANNOTATION } from '../world/names.ts';
import { engineImage } from '../pod/containers.ts';
import { cannotBegin, mayHaveOpenedData } from '../pod/state.ts';
import type { World } from '../world/world.ts';

type Known = Pick<Facts, 'inForce' | 'openedBy'>;

/**
 * The version below which the database must not go: undefined while no server has opened the data. An upgrade, or a
 * first version, whose image cannot be had is taken back freely. Its pod has to show that: one that merely has not
 * begun may begin before it is stopped. An earlier pod that nobody saw may have begun on another node: that the volume
 * knows, and its mark keeps an older engine from being started (see bootstrap-script.ts).
 */
export function dataFloor(world: World, facts: Known): string | undefined {
  const { pod, children, addon } = world;
  if (pod === undefined || !cannotBegin(pod)) return newestOf(facts.openedBy, facts.inForce?.version.name);
  // The record is written before a first start: on a volume made for this very addon, which has never answered, a
  // record of the version that cannot begin speaks of no data.
  const own = children.claim?.metadata.annotations?.[ANNOTATION.madeFor] === addon.metadata.uid;
  const silent = addon.status?.dataPlane?.revision === undefined;
  const ahead = versionOf(pod, world, facts) === facts.openedBy;
  return own && silent && ahead ? undefined : facts.openedBy;
}

/** The version to write down as the newest that may have opened the data, before or as soon as it may. */
export function openedBy(world: World, facts: Facts, target: InForce): string {
  const floor = dataFloor(world, facts);
  if (floor === undefined || facts.openedBy === undefined) return target.version.name;
  if (world.pod === undefined || !mayHaveOpenedData(world.pod)) return facts.openedBy;
  return newestOf(facts.openedBy, versionOf(world.pod, world, facts)) ?? facts.openedBy;
}

/** The catalogue's name of what a pod runs. */
function versionOf(pod: Live<Pod>, { versions }: World, { inForce }: Known): string | undefined {
  const image = engineImage(pod);
  const entries = [...(inForce === undefined ? [] : [inForce.version]), ...versions];
  return entries.find((entry) => entry.image === image)?.name;
}
