import type { Pod } from './objects.ts';

/**
 * What happens to the pods that a rule matches. The first matching rule counts; without one a pod is bound, bootstrapped
 * and Ready as fast as the API server takes it.
 *
 * - Unschedulable: no node has room (`message` replaces the scheduler's).
 * - ImagePullError: the first container's image cannot be had.
 * - InitFails: the first init container ends with `exitCode` (1) and `message`, again and again.
 * - CrashLoop: the first container ends with `exitCode` (1) and `message`, again and again.
 * - OOMKilled: as CrashLoop, killed for its memory.
 * - SlowStart: Ready only `readyAfterMs` after the start.
 * - NeverReady: runs, answers, and its readiness probe fails.
 * - SlowStop: deleted only `stopAfterMs` after it was asked to end.
 */
export interface PodRule {
  match: (pod: Pod) => boolean;
  behave:
    | 'Unschedulable'
    | 'ImagePullError'
    | 'InitFails'
    | 'CrashLoop'
    | 'OOMKilled'
    | 'SlowStart'
    | 'NeverReady'
    | 'SlowStop';
  message?: string;
  exitCode?: number;
  readyAfterMs?: number;
  stopAfterMs?: number;
}

/** How the pod of a Job ended; the message is the termination message of its first container. */
export interface JobEnd {
  exitCode: number;
  message?: string;
}

/** What the pods of Jobs do: they end so, or run on while there is no answer. Asked again every 100 ms. */
export type JobRunner = (pod: Pod) => JobEnd | undefined | Promise<JobEnd | undefined>;
