import { stateOf } from '../../api/addon-defaults.ts';
import { allowedOutside, endpointInForce } from '../access/in-force.ts';
import type { WayIn } from '../access/way-in.ts';
import { activeFindings, ownFindings } from '../decision/findings.ts';
import type { Scene } from '../decision/story.ts';
import { startsOf } from '../pod/starting.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import type { Finding } from '../world/memory.ts';
import type { BuildContext } from './context.ts';
import { appSelectors } from './network-policy.ts';
import { leadsPastOthers } from './service.ts';
import { renderedFor } from './stateful-set.ts';

export interface Prepared {
  readonly context: BuildContext;
  /** How often the database was started after it had been stopped. */
  readonly starts: number;
  /** Of all that makes the running database what it is; a new one has to be verified. */
  readonly revision: string;
  /** Writes that were refused a moment ago. */
  readonly active: readonly Finding[];
  /** Of these, those for which nobody else is told: they keep the addon from being what is asked for. */
  readonly own: readonly Finding[];
}

/** All that the builders look at. */
export function contextStep({
  world,
  facts,
  target,
  way,
  renewTemplate,
  restoredFrom,
  startedEmpty,
  formerKeys,
  now,
}: Scene & {
  readonly facts: Facts;
  readonly target: InForce;
  readonly way: WayIn;
  readonly renewTemplate: boolean;
  readonly restoredFrom: string | undefined;
  readonly startedEmpty: string | undefined;
  readonly formerKeys: { readonly since: Readonly<Record<string, string>> };
}): Prepared {
  const { addon, children, settings } = world;
  const context: BuildContext = {
    addon,
    facts,
    target,
    children,
    settings,
    appSelectors: appSelectors(world),
    outside: allowedOutside(addon, target),
    external: endpointInForce(way, target),
    formerKeys: formerKeys.since,
    pastOthers: leadsPastOthers(world, now),
    renewTemplate,
    restoredFrom,
    startedEmpty,
  };
  const starts = startsOf(addon.status, stateOf(addon));
  const revision = hashOf({
    renderedFor: renderedFor(context),
    id: facts.id,
    password: facts.password,
    volume: children.claim?.metadata.uid,
    starts,
  });
  const active = activeFindings(world, now.getTime());
  return { context, starts, revision, active, own: ownFindings(active, world, target.tls) };
}
