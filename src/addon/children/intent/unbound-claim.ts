import type { InfluxPlanSpec } from '../../../api/influx-plan.ts';
import { compareQuantities, isQuantity } from '../../../kube/objects/quantity.ts';
import * as kinds from '../../../kube/objects/kinds.ts';
import type { Kind, PersistentVolumeClaim } from '../../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../kube/objects/types.ts';
import type { Action } from '../../decision/action.ts';
import { findingOf } from '../../decision/findings.ts';
import { acting, type Outcome } from '../../decision/outcome.ts';
import type { Scene } from '../../decision/story.ts';
import { isNeverBound } from '../../identity/never-bound.ts';
import type { Children } from '../../world/children.ts';
import type { Finding } from '../../world/memory.ts';
import { ANNOTATION } from '../../world/names.ts';
import type { World } from '../../world/world.ts';
import { buildClaim } from '../claim.ts';
import type { BuildContext } from '../context.ts';
import { withIntentHash } from './merge.ts';

/** A claim that never got a volume, and that asks for another one than the plan has, is made again. */
export function unboundClaimStep({
  world,
  context,
  held,
  unpublished,
  active,
}: Scene & {
  readonly context: BuildContext;
  readonly held: ReadonlySet<keyof Children>;
  readonly unpublished: boolean;
  readonly active: readonly Finding[];
}): Outcome | undefined {
  const { claim } = world.children;
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return undefined;
  if (held.has('claim') || unpublished || !isNeverBound(world)) return undefined;
  if (!isOther(world, claim, context.target.plan.spec.storage)) return undefined;
  const { startedEmpty = claim.metadata.annotations?.[ANNOTATION.startedEmpty], target } = context;
  const madeAgainFor = target.plan.spec.storage.className ?? '';
  const children = { ...context.children, claim: undefined };
  const intent = withIntentHash(buildClaim({ ...context, children, startedEmpty, madeAgainFor }));
  const kind = kinds.PersistentVolumeClaim as Kind<KubeObject>;
  const { name, namespace = '', uid, resourceVersion } = claim.metadata;
  const why = 'it has no volume, and the plan has another one than it asks for';
  const actions: Action[] = [
    { do: 'delete', kind, key: { name, namespace }, uid, resourceVersion, why, mayBeRefused: true },
    { do: 'create', kind, object: intent },
  ];
  return actions.some((each) => findingOf(each, active)) ? undefined : acting(actions);
}

/**
 * It was made for another size, or another class. What admission makes of a class it would make of it again; and a plan
 * that names no class takes any that there is.
 */
function isOther(
  { storageClasses: { names } }: World,
  { spec, metadata: { annotations } }: Live<PersistentVolumeClaim>,
  { size, className = '' }: InfluxPlanSpec['storage'],
): boolean {
  const madeFor = annotations?.[ANNOTATION.planStorage];
  if (isQuantity(madeFor) && compareQuantities(madeFor, size) !== 0) return true;
  const present = spec?.storageClassName;
  if (annotations?.[ANNOTATION.madeAgainFor] === className) return false;
  if (className !== '') return present !== className;
  return present !== undefined && names.length > 0 && !names.includes(present);
}
