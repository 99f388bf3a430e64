import { AN_ADDRESS } from '../access/way-in.ts';
import { heldBack, waiting, type Outcome } from '../decision/outcome.ts';
import type { BasePicture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Facts } from '../world/facts.ts';
import type { Finding } from '../world/memory.ts';
import { childNames } from '../world/names.ts';

/**
 * What keeps a database from being looked at. Without the admin Secret nobody can ask it anything; and one whose pod may
 * not become what is asked for would be taken for changed, and its apps be restarted for nothing.
 */
export function heldBackStep({
  world,
  facts,
  refusal,
  unimplemented,
  own,
  waitsForAddress,
  tooOld,
  behind,
  drawn,
  unrecorded,
}: Scene & {
  readonly facts: Facts;
  readonly drawn: boolean;
  readonly unrecorded: Finding | undefined;
  readonly refusal: Refusal | undefined;
  readonly unimplemented: readonly string[];
  readonly own: readonly Finding[];
  readonly waitsForAddress: boolean;
  readonly tooOld: boolean;
  readonly behind: { readonly finding: Finding | undefined } | undefined;
}): { readonly base: BasePicture } | Outcome {
  const { addon, children } = world;
  const statefulSet = `StatefulSet/${childNames(addon.metadata.name).statefulSet}`;
  const refusedSet = own.find((finding) => finding.target === statefulSet);
  const [finding] = own;
  // What is nowhere kept is told to no database.
  const isHeld = refusedSet !== undefined || tooOld || behind !== undefined || drawn;
  if (children.adminSecret === undefined || isHeld)
    return heldBack(
      world,
      { facts, unimplemented, refusal },
      refusedSet ?? behind?.finding ?? unrecorded ?? finding,
    );
  if (waitsForAddress) return waiting(AN_ADDRESS);
  return { base: baseOf({ facts, refusal, unimplemented, own }) };
}

/** What is known before the database is looked at. */
export function baseOf({
  facts,
  refusal,
  unimplemented,
  own: [finding],
}: {
  readonly facts: Facts;
  readonly refusal: Refusal | undefined;
  readonly unimplemented: readonly string[];
  readonly own: readonly Finding[];
}): BasePicture {
  const found = finding && { reason: finding.reason, message: finding.message };
  return {
    reconciling: true,
    refusal: refusal ?? found,
    notImplemented: unimplemented,
    facts,
    inForce: undefined,
    apps: undefined,
  };
}
