import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import {
  BOOTSTRAP_REFUSED_DATA_NEWER,
  BOOTSTRAP_REFUSED_META_CORRUPT,
  BOOTSTRAP_REFUSED_META_MISSING,
} from '../../influx/bootstrap-words.ts';
import type { Pod, StatefulSet } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { READY_REASON, STALLED_REASON, type ReadyReason } from '../../api/reasons.ts';
import type { Refusal } from '../decision/resolution.ts';
import { beforeOurs, OF_OTHERS } from './beside.ts';
import { bootstrapStatus, databaseStatuses, engineStatus } from './containers.ts';

/** What the database's pod is doing. */
export type PodState =
  | { readonly state: 'Ready' }
  /** On its way; `what` is what is being waited for. */
  | { readonly state: 'Starting'; readonly what: string }
  /** Something is wrong that may or may not pass by itself. */
  | {
      readonly state: 'Trouble';
      readonly reason: ReadyReason;
      readonly message: string;
      readonly refusal: Refusal | undefined;
    };

/** A trouble younger than this may be the ordinary course of a start: a volume that is being bound, say. */
const SETTLING_MS = 5_000;

/** Reads the pod's status; pure. `now` in milliseconds since the epoch. */
export function podState(
  pod: Live<Pod> | undefined,
  statefulSet: Live<StatefulSet> | undefined,
  now: number,
): PodState {
  if (statefulSet === undefined) return { state: 'Starting', what: 'the StatefulSet' };
  if (pod === undefined) return { state: 'Starting', what: 'the pod to be created' };
  if (pod.metadata.deletionTimestamp !== undefined)
    return { state: 'Starting', what: 'the previous pod to stop' };
  const trouble = scheduling(pod, now) ?? containers(pod) ?? others(pod);
  if (trouble !== undefined) return trouble;
  if (!isCurrent(pod, statefulSet)) return { state: 'Starting', what: 'the pod to be replaced' };
  if (isReady(pod) && pod.status?.podIP !== undefined) return { state: 'Ready' };
  return { state: 'Starting', what: 'the pod to become ready' };
}

/** Whatever becomes of the agent, and of what others have put into the pod: a database that is ready itself is asked. */
function isReady(pod: Live<Pod>): boolean {
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return ready === true || engineStatus(pod)?.ready === true;
}

/** There is a database in it that answers, and that is not being ended. */
export function isRunning(pod: Live<Pod>): boolean {
  return pod.metadata.deletionTimestamp === undefined && isReady(pod);
}

/** The pod was made from the StatefulSet's present template. */
export function isCurrent(pod: Live<Pod>, statefulSet: Live<StatefulSet>): boolean {
  const status = statefulSet.status;
  if ((status?.observedGeneration ?? 0) < (statefulSet.metadata.generation ?? 0)) return false;
  const wanted = status?.updateRevision;
  return wanted === undefined || pod.metadata.labels?.['controller-revision-hash'] === wanted;
}

/** The engine of this pod may have opened the data: the bootstrap step, which reads the meta folder, was started. */
export function mayHaveOpenedData(pod: Live<Pod>): boolean {
  const status = bootstrapStatus(pod);
  if (status === undefined) return false;
  return (
    status.state?.running !== undefined ||
    (status.state?.terminated !== undefined && !wasNeverMade(status)) ||
    status.lastState?.terminated !== undefined ||
    status.restartCount > 0
  );
}

/**
 * A kubelet that ends a pod calls this container terminated even when there never was one. One that there was,
 * and whose end nobody saw, has its ID.
 */
function wasNeverMade({ state, containerID, imageID }: ContainerStatus): boolean {
  return state?.terminated?.reason === 'ContainerStatusUnknown' && !containerID && imageID === '';
}

/** The engine has not begun, and will not: its image cannot be had. */
export function cannotBegin(pod: Live<Pod>): boolean {
  const reason = bootstrapStatus(pod)?.state?.waiting?.reason ?? '';
  return !mayHaveOpenedData(pod) && IMAGE_REASONS.includes(reason);
}

function scheduling(pod: Live<Pod>, now: number): PodState | undefined {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return undefined;
  if (now - Date.parse(condition.lastTransitionTime ?? '') < SETTLING_MS) return undefined;
  const message = `No node can take the database: ${condition.message ?? 'no reason given'}. Choose a smaller plan or add a node.`;
  return { state: 'Trouble', reason: READY_REASON.unschedulable, message, refusal: undefined };
}

const IMAGE_REASONS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
];

function containers(pod: Live<Pod>): PodState | undefined {
  for (const status of databaseStatuses(pod)) {
    const waiting = status.state?.waiting;
    if (waiting?.reason !== undefined && IMAGE_REASONS.includes(waiting.reason)) {
      return degraded(`The image ${status.image} cannot be pulled: ${waiting.message ?? waiting.reason}.`);
    }
    const ended = status.state?.terminated ?? status.lastState?.terminated;
    const refused = refusalOf(ended?.message);
    if (refused !== undefined)
      return { state: 'Trouble', reason: READY_REASON.blocked, message: refused.message, refusal: refused };
    if (waiting?.reason === 'CreateContainerConfigError' || waiting?.reason === 'CreateContainerError') {
      return degraded(`Container ${status.name} cannot be started: ${waiting.message ?? waiting.reason}.`);
    }
    if (waiting?.reason === 'CrashLoopBackOff' || isRepeatedFailure(status)) {
      return degraded(`Container ${status.name} keeps ending: ${endOf(ended)}.`);
    }
  }
  return undefined;
}

/** What others have put before our containers keeps these from being begun. Its last words are nobody's we believe. */
function others(pod: Live<Pod>): PodState | undefined {
  if (isReady(pod)) return undefined;
  for (const { name, image, restartCount, state, lastState } of beforeOurs(pod)) {
    const { reason = '', message = reason } = state?.waiting ?? {};
    if (IMAGE_REASONS.includes(reason))
      return degraded(`The image ${image} of container ${name}, ${OF_OTHERS}, cannot be pulled: ${message}.`);
    const { exitCode = 0 } = state?.terminated ?? lastState?.terminated ?? {};
    if (reason === 'CrashLoopBackOff' || (state?.running === undefined && exitCode !== 0 && restartCount > 0))
      return degraded(`Container ${name}, ${OF_OTHERS}, keeps ending: exit code ${exitCode}.`);
  }
  return undefined;
}

function isRepeatedFailure(status: ContainerStatus): boolean {
  return (
    status.state?.running === undefined &&
    (status.state?.terminated?.exitCode ?? 0) !== 0 &&
    status.restartCount > 0
  );
}

function endOf(ended: { exitCode: number; reason?: string; message?: string } | undefined): string {
  if (ended === undefined) return 'no reason given';
  const text = ended.message?.trim().split('\n').at(-1);
  const cause =
    ended.reason === 'OOMKilled' ? 'out of memory; a larger plan helps' : `exit code ${ended.exitCode}`;
  return text === undefined || text === '' ? cause : `${cause}, ${text.slice(0, 300)}`;
}

/** The bootstrap step refuses to touch data that it does not understand, and says so in its last words. */
function refusalOf(message: string | undefined): Refusal | undefined {
  for (const line of message?.split('\n') ?? []) {
    for (const [prefix, reason, wayOut] of BOOTSTRAP_REFUSALS) {
      if (!line.startsWith(prefix)) continue;
      const said = line.slice(prefix.length).replace(/^[:\s]+/, '');
      return { reason, message: `The database is not started: ${said}. ${wayOut}` };
    }
  }
  return undefined;
}

const RESTORE = 'Restore the volume or a backup.';
const BOOTSTRAP_REFUSALS = [
  [BOOTSTRAP_REFUSED_META_MISSING, STALLED_REASON.metaMissing, RESTORE],
  [BOOTSTRAP_REFUSED_META_CORRUPT, STALLED_REASON.metaCorrupt, RESTORE],
  [
    BOOTSTRAP_REFUSED_DATA_NEWER,
    STALLED_REASON.downgradeRefused,
    'Set spec.version to that one or a newer one, or restore a backup.',
  ],
] as const;

function degraded(message: string): PodState {
  return { state: 'Trouble', reason: READY_REASON.degraded, message, refusal: undefined };
}
