import { isDeepStrictEqual } from 'node:util';
import { autoGrowOf, deletionPolicyOf, deletionProtectionOf, variablesOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon, InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { given } from '../../kube/objects/given.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Outcome } from '../decision/outcome.ts';
import { hadData } from '../identity/had-data.ts';
import { isFirstSeen } from '../identity/token.ts';
import { hashOf } from '../world/hash.ts';
import type { World } from '../world/world.ts';

type Seen = Pick<World, 'addon'> & { readonly children: Pick<World['children'], 'adminSecret'> };
type DeletionPolicy = NonNullable<InfluxAddonSpec['deletionPolicy']>;

/** Whatever is told of an addon whose spec can be followed remembers what is to count while a later one cannot. */
export function rememberingAccepted(
  { asked, isTaken }: { readonly asked: Live<InfluxAddon>; readonly isTaken: boolean },
  outcome: Outcome,
): Outcome {
  if (outcome.ends !== 'Tell' || !isTaken) return outcome;
  return { ...outcome, picture: { ...outcome.picture, accepted: acceptedOf(asked) } };
}

export function acceptedOf(addon: Live<InfluxAddon>): NonNullable<InfluxAddonStatus['accepted']> {
  const protection = deletionProtectionOf(addon);
  const autoGrow = autoGrowOf(addon);
  const variables = variablesOf(addon);
  return {
    revision: revisionOf(addon),
    deletionPolicy: deletionPolicyOf(addon),
    ...given({
      deletionProtection: protection === 'Enabled' ? protection : undefined,
      autoGrow: autoGrow === 'Enabled' ? autoGrow : undefined,
      variables: isDeepStrictEqual(variables, DEFAULT_VARIABLES) ? undefined : variables,
    }),
  };
}

export const DEFAULT_VARIABLES: readonly string[] = variablesOf({ spec: { plan: '' } });

/** The variables of the last spec that was accepted, the prefix's first; undefined where nobody has recorded it. */
export function acceptedVariables({ status }: Live<InfluxAddon>): readonly string[] | undefined {
  return status?.accepted && (status.accepted.variables ?? DEFAULT_VARIABLES);
}

/** Words about deletion alone can always be followed: they are accepted where nobody judges a spec, too. */
export function stillAccepted(world: Seen): InfluxAddonStatus['accepted'] {
  const { status } = world.addon;
  // What an earlier addon of the name has left is not this one's before a spec of it was accepted.
  const accepted = status?.accepted;
  if (accepted === undefined && isFirstSeen(world.addon) && hadData(world)) return NOTHING_ACCEPTED;
  return accepted?.revision === revisionOf(world.addon) ? acceptedOf(world.addon) : accepted;
}

const NOTHING_ACCEPTED = { revision: 'None', deletionPolicy: 'Retain' } as const;

/** The policy that an addon is deleted by: the one that keeps more where its spec was not accepted. */
export function countingDeletionPolicy(world: Seen): DeletionPolicy {
  const asked = deletionPolicyOf(world.addon);
  const accepted = stillAccepted(world);
  if (accepted === undefined) return asked;
  return KEEPS_MOST_FIRST.find((each) => each === asked || each === accepted.deletionPolicy) ?? 'Retain';
}

const KEEPS_MOST_FIRST: readonly DeletionPolicy[] = ['Retain', 'Backup', 'Delete'];

/** Of all but the words about deletion. */
function revisionOf({ spec }: Live<InfluxAddon>): string {
  const { deletionPolicy: _, deletionProtection: __, ...rest } = spec;
  return hashOf(rest);
}
