import type { KubeObject } from '../../kube/objects/types.ts';
import type { Scene } from '../decision/story.ts';
import type { Facts } from '../world/facts.ts';
import type { World } from '../world/world.ts';
import { settleFacts, type FactSources } from './settle.ts';
import { isOfPredecessor } from './predecessor.ts';
import { withFirstToken } from './token.ts';

export interface Settled {
  readonly facts: Facts;
  /** Some of them were made for this decision alone: they are nowhere kept before the admin Secret is stored. */
  readonly drawn: boolean;
}

/** Who the database is: what outlives the addon, from the copies that are left of it, or made anew. */
export function settleStep({ world, fresh }: Scene): Settled {
  const { facts, missing } = settleFacts(sourcesOf(world), fresh);
  return { facts: withFirstToken(world, facts), drawn: missing.length > 0 };
}

function sourcesOf({ addon, children }: World): FactSources {
  const { adminSecret, urlSecret, bindingSecret, claim, statefulSet } = children;
  return {
    addonName: addon.metadata.name,
    statusId: addon.status?.id,
    adminSecret,
    urlSecret: notOfPredecessor(addon, urlSecret),
    bindingSecret: notOfPredecessor(addon, bindingSecret),
    claim,
    statefulSet,
  };
}

/** A Secret of an addon of the same name that was deleted goes with it: its password is not to be used again. */
function notOfPredecessor<T extends KubeObject>(addon: World['addon'], child: T | undefined): T | undefined {
  return child !== undefined && isOfPredecessor(addon, child) ? undefined : child;
}
