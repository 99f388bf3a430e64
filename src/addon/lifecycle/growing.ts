import type { PersistentVolumeClaimStatus } from 'kubernetes-types/core/v1.js';
import { READY_REASON } from '../../api/reasons.ts';
import { compareQuantities } from '../../kube/objects/quantity.ts';
import type { Picture } from '../decision/picture.ts';
import type { InForce } from '../world/facts.ts';
import type { World } from '../world/world.ts';

/** Newer than the types: what the resizers are at. */
type Status = PersistentVolumeClaimStatus & {
  readonly allocatedResourceStatuses?: Readonly<Record<string, string>>;
};

/**
 * The database runs with another plan than status tells of, whose volume is larger than it is yet. It answers, and its
 * apps are restarted; only the plan is not called the one in force before it is there whole.
 */
export function awaitedVolume({ addon, children }: World, { plan }: InForce): Picture['ready'] | undefined {
  const before = addon.status?.plan;
  const { status } = children.claim ?? {};
  const capacity = status?.capacity?.['storage'];
  const { size } = plan.spec.storage;
  if (before === undefined || before === plan.name || capacity === undefined) return undefined;
  if (compareQuantities(capacity, size) >= 0) return undefined;
  const message = `The database runs with plan ${plan.name}; its volume has ${capacity} of ${size} yet: ${wordsOf(status)}`;
  return { status: false, reason: READY_REASON.changingPlan, message };
}

/** What the claim says of itself. That it is being worked on comes and goes, and is not told each time. */
function wordsOf(status: Status | undefined): string {
  const conditions = (status?.conditions ?? [])
    .filter(({ status: is, message }) => is === 'True' && message)
    .map(({ type, message }) => `${type}: ${message}`);
  const storage = status?.allocatedResourceStatuses?.['storage'];
  const infeasible = storage?.endsWith('Infeasible') === true ? [storage] : [];
  const words = [...infeasible, ...conditions];
  return words.length === 0 ? 'it grows.' : words.join('; ');
}
