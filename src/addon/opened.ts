import { compare, valid } from 'semver';
import type { Facts, InForce } from './facts.ts';
import { ANNOTATION } from './names.ts';
import { mayHaveOpenedData } from './pod-state.ts';
import type { World } from './world.ts';

/**
 * The version below which the database must not go: undefined while no server has opened the data. An upgrade, or a
 * first version, whose image cannot be had is taken back freely; that its server has not begun is seen on its pod.
 */
export function dataFloor(world: World, facts: Pick<Facts, 'inForce' | 'openedBy'>): string | undefined {
  const { pod, children, addon } = world;
  const current = facts.inForce?.version.name;
  if (pod === undefined || mayHaveOpenedData(pod)) return newest(facts.openedBy, current);
  // A volume that was made for this very addon and has never answered holds nothing yet.
  const own = children.claim?.metadata.annotations?.[ANNOTATION.madeFor] === addon.metadata.uid;
  if (
    own &&
    addon.status?.dataPlane?.revision === undefined &&
    (current ?? facts.openedBy) === facts.openedBy
  )
    return undefined;
  return facts.openedBy;
}

/** The version to write down as the newest that may have opened the data, before or as soon as it may. */
export function openedBy(world: World, facts: Facts, target: InForce): string {
  const floor = dataFloor(world, facts);
  if (floor === undefined || facts.openedBy === undefined) return target.version.name;
  if (world.pod === undefined || !mayHaveOpenedData(world.pod)) return facts.openedBy;
  const image = world.pod.spec?.containers[0]?.image;
  const entries = [target.version, ...(facts.inForce ? [facts.inForce.version] : []), ...world.versions];
  const opened = entries.find((entry) => entry.image === image)?.name;
  return newest(facts.openedBy, opened) ?? facts.openedBy;
}

function newest(a: string | undefined, b: string | undefined): string | undefined {
  const known = [a, b].filter((text): text is string => valid(text) !== null);
  return known.toSorted(compare).at(-1);
}
