import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxPlanSpec } from '../../api/influx-plan.ts';
import { compareQuantities, unitsOf } from '../../kube/objects/quantity.ts';
import { acting, telling, type Outcome } from '../decision/outcome.ts';
import { blockedPicture, type Picture } from '../decision/picture.ts';
import { accessTo } from '../database/state.ts';
import { tlsAccess } from '../tls/certificate.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { measureAction } from '../limits/measuring.ts';
import { isNeverBound } from '../identity/never-bound.ts';
import { podState } from '../pod/state.ts';
import { READY_REASON, STALLED_REASON } from '../../api/reasons.ts';
import type { Refusal, Resolution } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';

const MINUTE_MS = 60_000;
/** An answer is believed for so long. While it keeps a plan from being taken, the database is asked again then. */
const FRESH_MS = MINUTE_MS;
/** A database that should answer and does not is waited for so long. */
const PATIENCE_MS = MINUTE_MS;
const RETRY_MS = 5_000;
const WAITING_FOR = 'the size of the data';

/** Whether the data fits a plan with less storage than the present one. */
export type DataFit =
  | { readonly fit: 'Yes' }
  | { readonly fit: 'No'; readonly refusal: Refusal }
  | { readonly fit: 'Ask' }
  | { readonly fit: 'Wait'; readonly retryMs: number };

/**
 * The resolution, refused when the database holds more data than the plan that is asked for has room for; or what is
 * to be done before that can be told. Volumes never shrink, so nothing is lost by a plan that is taken unasked: that
 * happens where there is nobody to ask (stopped, or not coming up), since a smaller plan may be the very way out.
 */
export function withFittingData(
  world: World,
  facts: Facts,
  resolution: Resolution,
  now: Date,
): Resolution | Outcome {
  if (resolution.target === undefined) return resolution;
  const answer = dataFit(world, facts.inForce, resolution.target, now.getTime());
  switch (answer.fit) {
    case 'Yes':
      return resolution;
    case 'No':
      return { target: undefined, refusal: answer.refusal };
    case 'Ask':
      return ask(world, facts, resolution);
    case 'Wait':
      return telling(measuring(world, facts, resolution.target), {
        waitingFor: WAITING_FOR,
        requeueAfterMs: answer.retryMs,
      });
  }
}

function ask(world: World, facts: Facts, resolution: Resolution): Resolution | Outcome {
  if (world.pod === undefined) return resolution;
  const tls = tlsAccess(world, facts.inForce);
  // Its certificate comes first: until then the plan in force stays, and nobody speaks to it in the clear.
  if (facts.inForce?.tls === 'Required' && tls === undefined)
    return { target: facts.inForce, refusal: undefined };
  return acting([measureAction(world, accessTo(world.pod, facts, tls))]);
}

export function dataFit(world: World, current: InForce | undefined, target: InForce, nowMs: number): DataFit {
  const { addon, pod, children, memory } = world;
  if (current === undefined || !isSmaller(world, current.plan.spec, target.plan.spec)) return YES;
  // Back to the plan that status still names: the larger one never came up, so the data is what that one had.
  if (addon.status?.plan === target.plan.name) return YES;
  if (isNeverBound(world)) return YES;
  const told = toldBefore(world);
  const state = podState(pod, children.statefulSet, nowMs);
  const stopped = stateOf(addon) === 'Stopped' || addon.status?.state === 'Stopped';
  if (stopped || pod === undefined || children.statefulSet === undefined || state.state === 'Trouble')
    return unasked(world, current, target, told);

  const size = memory.measured;
  const age = size === undefined ? Infinity : nowMs - size.askedMs;
  if (state.state !== 'Ready') {
    const { waiting } = memory;
    const waited = waiting?.what === WAITING_FOR ? nowMs - waiting.sinceMs : 0;
    if (told !== undefined || waited >= PATIENCE_MS) return unasked(world, current, target, told);
    return { fit: 'Wait', retryMs: Math.min(RETRY_MS, PATIENCE_MS - waited) };
  }
  if (size?.podUid !== pod.metadata.uid || age < 0) return { fit: 'Ask' };
  if (size.silentSinceMs !== undefined) {
    if (age >= RETRY_MS) return { fit: 'Ask' };
    const silentMs = nowMs - size.silentSinceMs;
    return told !== undefined || silentMs >= PATIENCE_MS
      ? unasked(world, current, target, told)
      : { fit: 'Wait', retryMs: RETRY_MS - age };
  }
  if (age >= FRESH_MS || size.figures === undefined) return { fit: 'Ask' };
  return judged(world, current, target, size.figures.dataBytes);
}

const YES: DataFit = { fit: 'Yes' };

/** The plan has less storage than the one in force, and than there is: on the way up there is nothing to ask. */
function isSmaller({ children: { claim } }: World, current: InfluxPlanSpec, wanted: InfluxPlanSpec): boolean {
  const capacity = claim?.status?.capacity?.['storage'] ?? claim?.spec?.resources?.requests?.['storage'];
  return (
    capacity !== undefined &&
    compareQuantities(wanted.storage.size, capacity) < 0 &&
    compareQuantities(wanted.storage.size, current.storage.size) < 0
  );
}

/** This very spec was refused for its data before: a database that is away for a moment does not change that. */
function toldBefore({ addon }: World): Refusal | undefined {
  const stalled = addon.status?.conditions?.find(({ type }) => type === 'Stalled');
  const same = stalled?.observedGeneration === addon.metadata.generation;
  return same && stalled?.status === 'True' && stalled.reason === STALLED_REASON.dataTooLarge
    ? { reason: STALLED_REASON.dataTooLarge, message: stalled.message }
    : undefined;
}

function unasked(world: World, current: InForce, target: InForce, told: Refusal | undefined): DataFit {
  if (told !== undefined) return { fit: 'No', refusal: told };
  // The volume is the same, so an answer from before its pod went away is better than none.
  const bytes = world.memory.measured?.figures?.dataBytes;
  return bytes === undefined ? YES : judged(world, current, target, bytes);
}

function judged(world: World, current: InForce, target: InForce, bytes: number): DataFit {
  const { name, spec } = target.plan;
  if (bytes <= unitsOf(spec.storage.size)) return YES;
  const fitting = world.planNames.filter((plan) => unitsOf(world.planSizes.get(plan) ?? '0') >= bytes);
  const allowed =
    fitting.length === 0
      ? 'no plan of the catalogue is large enough'
      : `allowed: ${fitting.slice(0, 3).join(', ')}`;
  const message = `spec.plan: ${name} has room for ${spec.storage.size} of data, and the database holds ${inWords(bytes)}; it goes on with ${current.plan.name}; ${allowed}; or delete data, and ${name} is tried again.`;
  return { fit: 'No', refusal: { reason: STALLED_REASON.dataTooLarge, message } };
}

/** Rounded up, so that it reads as more than the limit it is compared with, and rarely changes. */
function inWords(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? (['GiB', 2 ** 30] as const) : (['MiB', 2 ** 20] as const);
  return `${(Math.ceil((bytes / size) * 10) / 10).toFixed(1)} ${unit}`;
}

/** The database goes on meanwhile, and is looked after again in a moment. */
function measuring(world: World, facts: Facts, target: InForce): Picture {
  const message = `Waiting for ${WAITING_FOR}: ${target.plan.name} has less room.`;
  const available = world.addon.status?.conditions?.find(({ type }) => type === 'Available');
  return {
    ...blockedPicture(world, { reason: STALLED_REASON.dataTooLarge, message }, facts, []),
    refusal: undefined,
    reconciling: true,
    ready: { status: false, reason: READY_REASON.changingPlan, message },
    available: {
      status: available?.status === 'True',
      reason: available?.reason ?? READY_REASON.provisioning,
      message: available?.message ?? message,
    },
  };
}
