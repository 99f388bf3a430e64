import { isOlder } from '../../../versions/rules.ts';
import { isStartHeld } from '../../access/way-in.ts';
import { findingOf } from '../../decision/findings.ts';
import { acting, type Outcome } from '../../decision/outcome.ts';
import type { Scene } from '../../decision/story.ts';
import type { Children } from '../../world/children.ts';
import type { Finding } from '../../world/memory.ts';
import { isUrlTold } from '../binding-secret.ts';
import { childChanges, withoutRefused, type ChildChange } from '../changes.ts';
import { judgeRepairs, type Contest } from '../contested/contest.ts';
import { isRefusedStop } from '../dry-run.ts';
import { type Holds, heldOf } from '../holds.ts';
import { restoredEvents } from '../restored.ts';
import { isSetBehind } from '../stateful-set.ts';
import type { Prepared } from '../step.ts';
import { keysGoneEvents } from '../url-secret.ts';

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
  /** Why what is in force may not be recorded. */
  readonly unrecorded: Finding | undefined;
  /** What apps are told may not become what is true: none is restarted for it. */
  readonly unpublished: boolean;
}

/** What the children lack. */
export function changesStep(scene: Scene & Holds & Prepared): Changes {
  const { world, context, active, target, facts, way } = scene;
  const tooOld = isOlder(target.version.name, facts.openedBy);
  const waitsForAddress = isStartHeld(world, way);
  const startHeld = tooOld || waitsForAddress;
  const held = heldOf(scene, startHeld);
  const { changes: all, contests } = judgeRepairs(world, childChanges(context, held), scene.now.getTime());
  const withheld = contests.flatMap(({ withheld: each }) => each?.finding ?? []);
  // Of a child that others only label otherwise, all is in force.
  const findings = [
    ...active,
    ...contests.flatMap(({ isHarmless, withheld: each }) => (isHarmless ? [] : (each?.finding ?? []))),
  ];
  const findingAbout = (...slots: (keyof Children)[]) =>
    all
      .filter(({ slot }) => slots.includes(slot))
      .map(({ action }) => findingOf(action, findings))
      .find((each) => each !== undefined);
  const unrecorded = findingAbout('adminSecret');
  const claimFinding = findingAbout('claim');
  const unpublished = unrecorded ?? findingAbout('urlSecret', 'bindingSecret');
  const refused = {
    unrecorded: unrecorded !== undefined,
    unpublished: unpublished !== undefined,
    withoutUrl:
      all.some(({ slot, action }) => slot === 'urlSecret' && findingOf(action, active) !== undefined) &&
      !isUrlTold(context),
  };
  const stay = refused.unpublished ? heldOf(scene, startHeld, refused) : held;
  // The volume first: a plan whose volume is refused stops no database.
  const { statefulSet } = world.children;
  const isStop = ({ slot, action }: ChildChange) =>
    slot === 'statefulSet' && isRefusedStop(action, statefulSet, target, scene.refusal);
  const changes = withoutRefused(all, [...active, ...withheld]).filter(
    (change) =>
      !stay.has(change.slot) &&
      (change.slot !== 'statefulSet' || claimFinding === undefined) &&
      !isStop(change),
  );
  const finding = unrecorded ?? claimFinding ?? unpublished ?? findingAbout('statefulSet');
  const isBehind =
    (finding !== undefined || scene.unready || all.some(isStop)) && isSetBehind(context, statefulSet);
  return {
    changes,
    contests,
    held,
    waitsForAddress,
    tooOld,
    behind: isBehind ? { finding } : undefined,
    unrecorded,
    unpublished: refused.unpublished,
  };
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
