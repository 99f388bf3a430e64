import type { Action } from '../decision/action.ts';
import { hashOf } from '../world/hash.ts';
import { childNames } from '../world/names.ts';
import { engineImage } from './containers.ts';
import { cannotBegin, mayHaveOpenedData, type PodState } from './state.ts';
import { READY_REASON, STALLED_REASON, type ReadyReason } from '../../api/reasons.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';

export interface Trouble {
  /** Undefined while nothing is wrong yet. */
  readonly reason: ReadyReason | undefined;
  readonly message: string | undefined;
  readonly refusal: Refusal | undefined;
  readonly waitingFor: string;
  readonly requeueAfterMs: number | undefined;
  /** A question to the API that would tell more. */
  readonly action: Action | undefined;
}

/** A wait shorter than this, and for some addons up to half as much more, needs no explanation. */
const PATIENCE_MS = 8_000;
/** A pod that is in trouble is looked at again this often. */
const ASK_AGAIN_MS = 20_000;
/** While something stays away, the events about it are read again after as long as it has stayed away, between these. */
const READ_AGAIN_MS = { least: 20_000, most: 5 * 60_000 } as const;
/** After this long, a start that nobody explained is called a failure. */
const DEADLINE_MS = 5 * 60_000;

/** Why there is no ready pod, from what its status, the volume claim and, after a while, the cluster's events say. */
export function diagnose(world: World, pod: PodState, nowMs: number): Trouble {
  const names = childNames(world.addon.metadata.name);
  const none = {
    reason: undefined,
    message: undefined,
    refusal: undefined,
    requeueAfterMs: undefined,
    action: undefined,
  };
  const missingClass = storageClassRefusal(world);
  if (missingClass !== undefined)
    return {
      ...none,
      reason: READY_REASON.blocked,
      message: missingClass.message,
      refusal: missingClass,
      waitingFor: 'the storage class',
      requeueAfterMs: ASK_AGAIN_MS,
    };
  if (pod.state === 'Trouble') {
    return {
      ...none,
      reason: pod.reason,
      message: `${pod.message}${wayOut(world)}`,
      refusal: pod.refusal,
      waitingFor: 'the pod to recover',
      requeueAfterMs: ASK_AGAIN_MS,
    };
  }
  const what = pod.state === 'Starting' ? pod.what : 'the pod';
  const waited = world.memory.waiting?.what === what ? nowMs - world.memory.waiting.sinceMs : 0;
  const absent = world.pod === undefined || world.children.claim?.status?.phase !== 'Bound';
  const spread = spreadOf(world);
  const patienceMs = PATIENCE_MS * (1 + spread / 2);
  if (waited < patienceMs) return { ...none, waitingFor: what, requeueAfterMs: patienceMs - waited };
  const told = world.memory.diagnosis;
  const waitedThen = told === undefined ? 0 : told.atMs - (nowMs - waited);
  const { least, most } = READ_AGAIN_MS;
  const againMs = Math.min(Math.max(waitedThen, least), most) * (1 + spread / 4);
  if (absent && (told === undefined || nowMs - told.atMs >= againMs)) {
    return { ...none, waitingFor: what, action: { do: 'diagnose', names: [names.statefulSet, names.claim] } };
  }
  const requeueAfterMs =
    absent && told !== undefined ? againMs - (nowMs - told.atMs) : Math.max(1_000, DEADLINE_MS - waited);
  if (absent && told?.message !== undefined) {
    const refusal = told.quota
      ? {
          reason: STALLED_REASON.quotaExceeded,
          message: `A quota of the namespace is in the way: ${told.message}`,
        }
      : undefined;
    const message = refusal?.message ?? `Waiting for ${what}: ${told.message}`;
    return {
      ...none,
      reason: refusal === undefined ? READY_REASON.degraded : READY_REASON.blocked,
      message,
      refusal,
      waitingFor: what,
      requeueAfterMs,
    };
  }
  if (waited >= DEADLINE_MS) {
    const message = `Waiting for ${what} for more than ${DEADLINE_MS / 60_000} minutes.${wayOut(world)}`;
    return {
      ...none,
      reason: READY_REASON.degraded,
      message,
      waitingFor: what,
      requeueAfterMs: ASK_AGAIN_MS,
    };
  }
  return { ...none, waitingFor: what, requeueAfterMs };
}

/** From 0 to 1, the same for an addon each time: events of a thousand that wait are not read in the same second. */
function spreadOf({ addon }: World): number {
  return Buffer.from(hashOf(addon.metadata.uid), 'base64url').readUInt16BE() / 0xffff;
}

/**
 * For an upgrade whose new server does not come up: as long as it has not begun, the version may be taken back; from
 * then on the data may be in a form that only it, and newer ones, can read.
 */
function wayOut({ addon, pod, versions }: World): string {
  const before = versions.find(({ name }) => name === addon.status?.version);
  const image = engineImage(pod);
  if (pod === undefined || before === undefined || image === before.image) return '';
  if (cannotBegin(pod))
    return ` The data was not opened by it yet: set spec.version to ${before.name} to go back.`;
  if (!mayHaveOpenedData(pod)) return '';
  const name = versions.find((each) => each.image === image)?.name ?? image;
  return ` ${name} may have opened the data, which is left as it is; ${before.name} cannot have it back. The way out is what the message asks for, a larger plan, a newer version in spec.version, or a backup from before the upgrade.`;
}

function storageClassRefusal({ children, storageClasses }: World): Refusal | undefined {
  const claim = children.claim;
  if (claim === undefined || claim.status?.phase === 'Bound' || claim.spec?.volumeName !== undefined)
    return undefined;
  const name = claim.spec?.storageClassName;
  if (name === undefined || name === '') {
    if (storageClasses.hasDefault || name === '') return undefined;
    const message =
      'The plan names no storage class and the cluster has no default one: mark one as default, or choose a plan that names one.';
    return { reason: STALLED_REASON.unknownStorageClass, message };
  }
  if (storageClasses.names.includes(name)) return undefined;
  const message = `The plan's storage class ${name} does not exist in the cluster: make it, or choose another plan.`;
  return { reason: STALLED_REASON.unknownStorageClass, message };
}
