import { stateOf } from '../../api/addon-defaults.ts';
import type { AddonCondition, InfluxAddonStatus } from '../../api/influx-addon.ts';
import {
  READY_REASON,
  TROUBLE_REASON,
  type ReadyReason,
  type StalledReason,
  type TroubleReason,
} from '../../api/reasons.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import { setCondition } from '../../kube/objects/conditions.ts';
import { type Action } from '../decision/action.ts';
import { describe } from '../decision/describe.ts';
import { NOTHING_NEW, type Picture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import { startingMessage } from '../pod/starting.ts';
import { renderStatus } from '../status/status.ts';
import type { World } from '../world/world.ts';

/** Something that does not succeed, and is tried again: nobody has to act, but whoever waits wants to know. */
export interface Trouble {
  /** What is being tried, to which object. */
  readonly what: string;
  readonly reason: TroubleReason;
  /** Of the server, without secrets. */
  readonly words: string;
}

const MAX_WORDS = 1_024;

/** What a failed action is told as. Words come from the API only: what else was thrown may quote anything. */
export function troubleOf(action: Action | undefined, failure: unknown): Trouble {
  const what = action === undefined ? 'store the status' : describe(action);
  if (failure === 'Waits')
    return { what, reason: TROUBLE_REASON.waiting, words: 'something that is going away is in the way' };
  const error = ApiError.from(failure);
  if (error.code === 0 && error.reason === 'Unknown')
    return { what, reason: TROUBLE_REASON.internal, words: 'an error of the operator itself: see its log' };
  return { what, reason: reasonOf(error), words: error.message.slice(0, MAX_WORDS) };
}

function reasonOf(error: ApiError): TroubleReason {
  if (error.code === 0) return TROUBLE_REASON.noAnswer;
  if (error.isConflict) return TROUBLE_REASON.conflict;
  if (error.isTooManyRequests) return TROUBLE_REASON.throttled;
  return error.code >= 500 ? TROUBLE_REASON.serverFailing : TROUBLE_REASON.refused;
}

/** The two are the same but for their words. */
export function isSame(one: Trouble | undefined, other: Trouble | undefined): boolean {
  return one?.what === other?.what && one?.reason === other?.reason;
}

/** Status says so already, as after a start of the operator. */
export function isToldIn(status: InfluxAddonStatus | undefined, trouble: Trouble): boolean {
  const told = status?.conditions?.find(({ type }) => type === 'Reconciling');
  return (
    told?.status === 'True' && told.reason === trouble.reason && told.message.startsWith(prefix(trouble))
  );
}

/**
 * What is true of an addon whose reconciliation gets nowhere: all that was said before, that work goes on, and what it
 * meets. Of a spec that is in force it stays true that it is.
 */
export function troubledStatus(world: World, trouble: Trouble | undefined, now: Date): InfluxAddonStatus {
  const { addon } = world;
  const before = addon.status;
  const generation = addon.metadata.generation ?? 0;
  const of = (type: string) => before?.conditions?.find((each) => each.type === type);
  const isCurrent =
    before?.observedGeneration === generation && addon.metadata.deletionTimestamp === undefined;
  const [ready, stalled, available] = [of('Ready'), of('Stalled'), of('Available')];
  const message = trouble === undefined ? startingMessage(READY_REASON.provisioning) : told(trouble);
  const refusal: Refusal | undefined =
    isCurrent && stalled?.status === 'True'
      ? { reason: stalled.reason as StalledReason, message: stalled.message }
      : undefined;
  const isUp = world.pod?.status?.conditions?.some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
  const keeps = isCurrent && ready !== undefined && (ready.status === 'True' || refusal !== undefined);
  const picture: Picture = {
    ...NOTHING_NEW,
    reconciling: true,
    refusal,
    ready: keeps
      ? { status: ready.status === 'True', reason: ready.reason as ReadyReason, message: ready.message }
      : { status: false, reason: meanwhile(world, isCurrent ? ready : undefined), message },
    available:
      available === undefined
        ? { status: false, reason: READY_REASON.provisioning, message: 'there is no database yet' }
        : { ...available, status: available.status === 'True' && isUp === true },
  };
  const status = renderStatus(world, picture, now);
  if (trouble === undefined) return status;
  const reconciling = {
    type: 'Reconciling',
    status: 'True' as const,
    reason: trouble.reason,
    message,
    observedGeneration: generation,
  };
  const conditions = setCondition(status.conditions ?? [], reconciling, now.getTime()) as AddonCondition[];
  return { ...status, conditions };
}

/** Why an addon whose spec is not in force is not Ready. */
function meanwhile({ addon }: World, ready: AddonCondition | undefined): ReadyReason {
  const { status, spec } = addon;
  if (addon.metadata.deletionTimestamp !== undefined) return READY_REASON.deleting;
  if (ready !== undefined) return ready.reason as ReadyReason;
  if (status?.dataPlane?.revision === undefined) return READY_REASON.provisioning;
  if (stateOf(addon) === 'Stopped') return READY_REASON.stopping;
  if (status.plan !== spec.plan) return READY_REASON.changingPlan;
  const { version = '' } = status;
  const isOfVersion = spec.version === undefined || `${version}.`.startsWith(`${spec.version}.`);
  return isOfVersion ? READY_REASON.provisioning : READY_REASON.upgrading;
}

function told(trouble: Trouble): string {
  return `${prefix(trouble)}${trouble.words}. It is tried again.`;
}

function prefix({ what }: Trouble): string {
  return `Trying to ${what}: `;
}
