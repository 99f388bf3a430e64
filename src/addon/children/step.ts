import { type Holds, heldOf } from './holds.ts';
import { isStartHeld } from '../access/way-in.ts';
import { stateOf } from '../../api/addon-defaults.ts';
import { allowedOutside, endpointInForce } from '../access/in-force.ts';
import type { WayIn } from '../access/way-in.ts';
import { activeFindings, findingOf, ownFindings } from '../decision/findings.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import { startsOf } from '../pod/starting.ts';
import { isOlder } from '../../versions/rules.ts';
import type { Children } from '../world/children.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import type { Finding } from '../world/memory.ts';
import { childChanges, withoutRefused, type ChildChange } from './changes.ts';
import { judgeRepairs, type Contest } from './contested/contest.ts';
import { isRefusedStop } from './dry-run.ts';
import type { BuildContext } from './context.ts';
import { keysGoneEvents } from './url-secret.ts';
import { restoredEvents } from './restored.ts';
import { appSelectors } from './network-policy.ts';
import { isSetBehind, renderedFor } from './stateful-set.ts';

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

export interface Changes {
  readonly changes: readonly ChildChange[];
  /** Children that somebody else changes back. */
  readonly contests: readonly Contest[];
  /** Children that stay as they are for now. */
  readonly held: ReadonlySet<keyof Children>;
  /** Nobody misses a database that has never run: it is started once, with the address in its certificate. */
  readonly waitsForAddress: boolean;
  /** Every record of what is in force is older than the data: an older engine never gets to see it. */
  readonly tooOld: boolean;
  /** The StatefulSet may not become what is wanted: the pod that answers is that of before. Why, where it is known. */
  readonly behind: { readonly finding: Finding | undefined } | undefined;
}

/** What the children lack. */
export function changesStep(scene: Scene & Holds & Prepared): Changes {
  const { world, context, active, target, facts, way } = scene;
  const tooOld = isOlder(target.version.name, facts.openedBy);
  const waitsForAddress = isStartHeld(world, way);
  const held = heldOf(scene, tooOld || waitsForAddress);
  const { changes: all, contests } = judgeRepairs(world, childChanges(context, held), scene.now.getTime());
  const withheld = contests.flatMap(({ withheld: each }) => each?.finding ?? []);
  // Of a child that others only label otherwise, all is in force.
  const findings = [
    ...active,
    ...contests.flatMap(({ isHarmless, withheld: each }) => (isHarmless ? [] : (each?.finding ?? []))),
  ];
  const findingAbout = (of: keyof Children) => {
    const action = all.find(({ slot }) => slot === of)?.action;
    return action && findingOf(action, findings);
  };
  const claimFinding = findingAbout('claim');
  // The volume first: a plan whose volume is refused stops no database.
  const { statefulSet } = world.children;
  const isStop = ({ slot, action }: ChildChange) =>
    slot === 'statefulSet' && isRefusedStop(action, statefulSet, target, scene.refusal);
  const changes = withoutRefused(all, [...active, ...withheld]).filter(
    (change) => (change.slot !== 'statefulSet' || claimFinding === undefined) && !isStop(change),
  );
  const record = contests.find((each) => each.withheld?.slot === 'adminSecret' && !each.isHarmless);
  // What is in force is recorded nowhere: nothing is made of it.
  if (record !== undefined)
    return { changes: [], contests, held, waitsForAddress, tooOld, behind: record.withheld };
  const finding = claimFinding ?? findingAbout('statefulSet');
  const isBehind =
    (finding !== undefined || scene.unready || all.some(isStop)) && isSetBehind(context, statefulSet);
  const behind = isBehind ? { finding } : undefined;
  return { changes, contests, held, waitsForAddress, tooOld, behind };
}

/**
 * The admin Secret by itself and first: a POST that loses a race with an earlier one of ours must not have spread values
 * that are nowhere kept.
 */
export function adminSecretStep({ changes: [first] }: Changes): Outcome | undefined {
  return first?.slot === 'adminSecret' ? acting([first.action]) : undefined;
}

/** Everything else that is missing or not as it should be, in the order of the list. */
export function childrenStep({ world, changes }: Scene & Changes): Outcome | undefined {
  if (changes.length === 0) return undefined;
  return acting(
    changes.map(({ action }) => action),
    [...restoredEvents(world, changes), ...keysGoneEvents(world, changes)],
  );
}
