import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Facts } from '../world/facts.ts';
import type { World } from '../world/world.ts';

/** The token of `influxaddon.dev/rotate`, as much of it as status remembers. */
function tokenOf({ metadata }: Live<InfluxAddon>): string | undefined {
  const token = metadata.annotations?.[Annotation.rotate]?.slice(0, 253);
  return token === '' ? undefined : token;
}

/** The token that nothing was done for yet. */
export function newToken({ addon }: Pick<World, 'addon'>, { rotatedFor }: Facts): string | undefined {
  const token = tokenOf(addon);
  const handled = token === rotatedFor || token === addon.status?.lastHandled?.rotate;
  return handled ? undefined : token;
}

/** A token that an addon is made with asks for nothing, also where it takes over what an earlier one has left. */
export function withFirstToken({ addon, children }: World, facts: Facts): Facts {
  const hasNothing = children.adminSecret === undefined && addon.status?.dataPlane?.revision === undefined;
  const token = hasNothing || isFirstSeen(addon) ? tokenOf(addon) : undefined;
  return token === undefined ? facts : { ...facts, rotatedFor: token };
}

/** Nobody has told anything of it yet. */
export function isFirstSeen({ status }: Live<InfluxAddon>): boolean {
  return (status?.observedGeneration ?? -1) < 0 && status?.dataPlane === undefined;
}
