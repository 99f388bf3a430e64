import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { connectionsIn, variablesOf } from '../../api/addon-defaults.ts';
import { isContentOf } from '../apps/changes.ts';
import { placementIn } from '../children/pod/placement.ts';
import { unpackTemplate } from '../children/intent/rendered.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { ANNOTATION } from '../world/names.ts';
import type { World } from '../world/world.ts';

export interface Accepted {
  readonly world: World;
  /** With its own spec. */
  readonly asked: World['addon'];
}

/**
 * A spec is taken whole or not at all. Of one that is refused nothing is carried out: everything behind this step sees
 * the addon with the placement and the connection that are in force. The record of them are the children themselves,
 * which change with them: so a crash between two writes leaves nothing behind that says otherwise, and a release that
 * knew no such record has left one.
 *
 * `state: Stopped` and what takes something away are not held; see the holds on what lets others in.
 */
export function acceptedStep({
  world,
  facts,
  refusal,
}: Scene & { readonly facts: Facts; readonly refusal: Refusal | undefined }): Accepted {
  const { addon } = world;
  if (refusal === undefined || facts.inForce === undefined) return { world, asked: addon };
  const inForce = { ...placementInForce(world), ...connectionInForce(world, facts) };
  return { world: { ...world, addon: { ...addon, spec: { ...addon.spec, ...inForce } } }, asked: addon };
}

function placementInForce({ addon, children }: World): Pick<InfluxAddonSpec, 'placement'> {
  const packed = children.statefulSet?.metadata.annotations?.[ANNOTATION.rendered];
  const template = unpackTemplate(packed);
  return template === undefined ? {} : { placement: placementIn(template, addon.metadata.name) };
}

/** By the keys of the Secret, of which the record of what apps depend on tells which are the present ones. */
function connectionInForce(world: World, { inForce }: Facts): Pick<InfluxAddonSpec, 'connection'> {
  const keys = Object.keys(world.children.urlSecret?.data ?? {});
  if (inForce === undefined || isMadeFor(world, keys, inForce)) return {};
  const { addon } = world;
  const connection = connectionsIn(keys).find((each) =>
    isMadeFor({ addon: { ...addon, spec: { ...addon.spec, connection: each } } }, keys, inForce),
  );
  return connection === undefined ? {} : { connection };
}

/** An older release has not recorded it: then the Secret has no other keys, and their order matters to nobody. */
function isMadeFor(world: Pick<World, 'addon'>, keys: readonly string[], inForce: InForce): boolean {
  if (inForce.apps !== undefined) return isContentOf(world, inForce);
  const variables = variablesOf(world.addon);
  return variables.length === keys.length && variables.every((name) => keys.includes(name));
}
