import { JOB_CONTAINER } from '../../backup/protocol.ts';
import { parseJobResult, type JobResult } from '../../backup/results.ts';
import type { Job, Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { MADE_AT } from './labels.ts';

/** A Job and its pod, as far as they are known. */
export interface Task {
  readonly job: Live<Job> | undefined;
  readonly pod: Live<Pod> | undefined;
}

export type JobState =
  | { readonly state: 'Missing' }
  /** `waiting`: why its pod does not run yet. */
  | { readonly state: 'Running'; readonly waiting: string | undefined }
  /** It has ended, and the end of its pod is still to be heard of. */
  | { readonly state: 'Settling' }
  | { readonly state: 'Ended'; readonly result: JobResult }
  /** It ended and nobody will ever know how; or, with `stuck`, it never began and is there still. */
  | { readonly state: 'Lost'; readonly message: string; readonly stuck?: StuckJob };

export interface StuckJob {
  readonly job: Live<Job>;
  readonly pod: string | undefined;
}

/**
 * A pod that does not start within this is not waited for any longer: its Job keeps a place from others, and may keep a
 * database from being written to.
 */
const START_MS = 600_000;

/** The pod's end is heard of within so many milliseconds after that of the Job, or not at all. */
const SETTLE_MS = 15_000;

/** What has become of a Job. Its pod's termination message is believed only once the Job itself has ended. */
export function jobState({ job, pod }: Task, now: Date): JobState {
  if (job === undefined) return { state: 'Missing' };
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  if (end === undefined) return underWay(job, pod, now);
  const ended = pod?.status?.containerStatuses?.find(({ name }) => name === JOB_CONTAINER)?.state?.terminated;
  const result = parseJobResult(ended?.message);
  if (result !== undefined) return { state: 'Ended', result };
  const since = Date.parse(end.lastTransitionTime ?? '');
  if (ended === undefined && pod?.status?.phase !== 'Failed' && now.getTime() - since < SETTLE_MS)
    return { state: 'Settling' };
  const how = pod?.status?.reason ?? ended?.reason ?? end.reason ?? 'unknown';
  return { state: 'Lost', message: `The pod of Job ${job.metadata.name} ended without a result: ${how}.` };
}

function underWay(job: Live<Job>, pod: Live<Pod> | undefined, now: Date): JobState {
  const waiting = waitingReason(pod);
  const isStarted = !['Pending', undefined].includes(pod?.status?.phase);
  const { annotations, creationTimestamp } = job.metadata;
  const ageMs = now.getTime() - Date.parse(annotations?.[MADE_AT] ?? creationTimestamp ?? now.toISOString());
  if (isStarted || ageMs < START_MS) return { state: 'Running', waiting };
  const why = waiting ?? (pod === undefined ? 'it was not made' : 'it is still being prepared');
  const message = `The pod of Job ${job.metadata.name} did not start within ${START_MS / 60_000} minutes: ${why}.`;
  return { state: 'Lost', message, stuck: { job, pod: pod?.metadata.name } };
}

function waitingReason(pod: Live<Pod> | undefined): string | undefined {
  const unscheduled = pod?.status?.conditions?.find(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );
  if (unscheduled !== undefined) return `its pod cannot be scheduled: ${unscheduled.message ?? ''}`;
  const waiting = pod?.status?.containerStatuses?.map(({ state }) => state?.waiting).find((each) => each);
  const harmless = ['ContainerCreating', 'PodInitializing', undefined];
  if (waiting === undefined || harmless.includes(waiting.reason)) return undefined;
  return `its pod waits: ${waiting.reason}: ${waiting.message ?? ''}`;
}
