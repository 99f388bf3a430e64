import { autoGrowOf, stateOf } from '../../api/addon-defaults.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import { formatBytes, unitsOf } from '../../kube/objects/quantity.ts';
import { nextSize, type Growth } from '../../limits/growth.ts';
import type { Action, Announcement } from '../decision/action.ts';
import type { InForce } from '../world/facts.ts';
import { ANNOTATION } from '../world/names.ts';
import { EVENT_REASON } from '../../api/reasons.ts';
import { buildClaim } from '../children/claim.ts';
import type { BuildContext } from '../children/context.ts';
import { replacement } from '../children/intent/merge.ts';
import type { World } from '../world/world.ts';
import { isExpandable, sizesOfVolume, storagePicture, type StoragePicture } from './volume.ts';

/** Why a volume that is filling does not grow now, or how far it does. */
export type VolumeGrowth =
  | Growth
  | { readonly grow: false; readonly why: 'Refused'; readonly message: string };

/** Undefined for a volume that is not to grow by itself. */
export function growthOf(
  world: World,
  plan: InForce['plan'],
  { rate, level }: Pick<StoragePicture, 'rate' | 'level'>,
  nowMs: number,
): VolumeGrowth | undefined {
  const { addon, children, memory } = world;
  const volume = sizesOfVolume(world);
  if (autoGrowOf(addon) !== 'Enabled' || volume === undefined || !isExpandable(world)) return undefined;
  const grownAt = Date.parse(children.claim?.metadata.annotations?.[ANNOTATION.grownAt] ?? '');
  const { size, maxSize = size } = plan.spec.storage;
  const growth = nextSize({
    ...volume,
    maxBytes: unitsOf(maxSize),
    rate,
    grownMs: Number.isNaN(grownAt) ? undefined : grownAt,
    isFull: level === 'Full',
    nowMs,
  });
  const refused = memory.growthRefused;
  return growth.grow && refused !== undefined && refused.untilMs > nowMs
    ? { grow: false, why: 'Refused', message: refused.message }
    : growth;
}

/** The one write by which a volume that is filling grows. What comes after finds the size on the claim and keeps it. */
export function growVolume(
  world: World,
  context: BuildContext,
  now: Date,
): { readonly action: Action; readonly events: readonly Announcement[] } | undefined {
  const { claim } = world.children;
  if (stateOf(world.addon) === 'Stopped' || claim === undefined) return undefined;
  const picture = storagePicture(world);
  if (picture === undefined || picture.level === 'Within') return undefined;
  const growth = growthOf(world, context.target.plan, picture, now.getTime());
  if (growth?.grow !== true) return undefined;
  const size = formatBytes(growth.toBytes);
  const object = replacement(claim, buildClaim({ ...context, growTo: { size, at: now } }));
  const note = `The volume is filling and grows from ${claim.spec?.resources?.requests?.['storage']} to ${size}.`;
  return {
    action: { do: 'growVolume', kind: kinds.PersistentVolumeClaim, object },
    events: [{ type: 'Normal', reason: EVENT_REASON.volumeGrows, note }],
  };
}
