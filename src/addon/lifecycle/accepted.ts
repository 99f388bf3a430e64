import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { connectionsIn, variablesOf } from '../../api/addon-defaults.ts';
import { isContentOf } from '../apps/changes.ts';
import { injectedNames } from '../apps/variables.ts';
import { placementIn } from '../children/pod/placement.ts';
import { unpackTemplate } from '../children/intent/rendered.ts';
import { contentsInForce } from '../database/contents/in-force.ts';
import type { Refusal, Resolution } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { resolveTarget } from '../wish/target.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { acceptedVariables, DEFAULT_VARIABLES } from './last-accepted.ts';

export interface Accepted {
  readonly world: World;
  /** With its own spec. */
  readonly asked: World['addon'];
  /** Nothing is wrong with what it asks for, whatever that waits for. */
  readonly isTaken: boolean;
}

/**
 * A spec is taken whole or not at all. Of one that is refused nothing is carried out: everything behind this step sees
 * the addon with the placement, the connection and the contents that are in force. The record of them are the children
 * themselves, and the database, which change with them: so a crash between two writes leaves nothing behind that says
 * otherwise, and a release that knew no such record has left one.
 *
 * `state: Stopped` and what takes something away are not held; see the holds on what lets others in.
 */
export function acceptedStep({
  world,
  facts,
  refusal,
  wish,
  leaving,
}: Scene & {
  readonly facts: Facts;
  readonly refusal: Refusal | undefined;
  readonly wish: Resolution;
  readonly leaving: Refusal | undefined;
}): Accepted {
  const { addon } = world;
  // What waits for a volume that is being deleted is no fault of the spec.
  const judged = leaving === undefined ? wish : resolveTarget(world, facts);
  const isTaken = judged.refusal === undefined;
  if (refusal === undefined || facts.inForce === undefined) return { world, asked: addon, isTaken };
  const inForce = {
    ...placementInForce(world),
    ...connectionInForce(world, facts),
    // A version that waits for its backup holds what restarts with it, and nothing inside the database.
    ...(isTaken ? {} : { ...contentsInForce(world, facts), ...growthInForce(addon) }),
  };
  const spec = { ...addon.spec, ...inForce };
  return { world: { ...world, addon: { ...addon, spec } }, asked: addon, isTaken };
}

/** Where nobody has recorded it, the present words count. */
function growthInForce({ status }: World['addon']): Pick<InfluxAddonSpec, 'storage'> {
  return status?.accepted === undefined
    ? {}
    : { storage: { autoGrow: status.accepted.autoGrow === 'Enabled' ? 'Enabled' : 'Disabled' } };
}

function placementInForce({ addon, children }: World): Pick<InfluxAddonSpec, 'placement'> {
  const packed = children.statefulSet?.metadata.annotations?.[ANNOTATION.rendered];
  const template = unpackTemplate(packed);
  return template === undefined ? {} : { placement: placementIn(template, addon.metadata.name) };
}

/** By the keys of the Secret, of which the record of what apps depend on tells which are the present ones. */
function connectionInForce(world: World, { inForce }: Facts): Pick<InfluxAddonSpec, 'connection'> {
  const { addon } = world;
  const { urlSecret } = world.children;
  const keys = urlSecret === undefined ? rememberedKeys(world) : Object.keys(urlSecret.data ?? {});
  if (inForce === undefined || isMadeFor(world, keys, inForce)) return {};
  const connection = connectionsIn(keys).find((each) =>
    isMadeFor({ addon: { ...addon, spec: { ...addon.spec, connection: each } } }, keys, inForce),
  );
  return connection === undefined ? {} : { connection };
}

/** The Secret is gone: what its keys may have been. Where nobody remembers, those of the default, and what apps name. */
function rememberedKeys(world: World): readonly string[] {
  const accepted = acceptedVariables(world.addon);
  if (accepted !== undefined) return accepted;
  const secret = childNames(world.addon.metadata.name).urlSecret;
  const named = [...world.apps.values()].flatMap(({ spec }) => {
    const { containers = [], initContainers = [] } = spec?.template.spec ?? {};
    return [...containers, ...initContainers].flatMap((each) => injectedNames(each, secret));
  });
  return [...new Set([...DEFAULT_VARIABLES, ...named])];
}

/** An older release has not recorded it: then the Secret has no other keys, and their order matters to nobody. */
function isMadeFor(world: Pick<World, 'addon'>, keys: readonly string[], inForce: InForce): boolean {
  if (inForce.apps !== undefined) return isContentOf(world, inForce);
  const variables = variablesOf(world.addon);
  return variables.length === keys.length && variables.every((name) => keys.includes(name));
}
