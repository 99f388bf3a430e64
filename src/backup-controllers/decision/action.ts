import { Job, type Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { StuckJob } from '../world/job-state.ts';

/** One thing to do. The list of a decision is done in order, and stops at the first that fails. */
export type TaskAction =
  /** A name that is taken by what was meant is as good; one that is taken by something else is left alone. */
  | {
      readonly do: 'create';
      readonly kind: Kind<KubeObject>;
      readonly object: KubeObject;
      /** What is done instead when the API server refuses it, in its words; without, it is tried again. */
      readonly refused?: (words: string) => TaskAction | undefined;
    }
  | {
      readonly do: 'status';
      readonly kind: Kind<KubeObject>;
      readonly live: Live<KubeObject>;
      readonly status: object;
      readonly events: readonly Announcement[];
    }
  | {
      readonly do: 'finalizers';
      readonly kind: Kind<KubeObject>;
      readonly live: Live<KubeObject>;
      readonly finalizers: readonly string[];
    }
  | {
      readonly do: 'delete';
      readonly kind: Kind<KubeObject>;
      readonly live: Live<KubeObject>;
      readonly why: string;
    }
  /** Deletes a Job whose pod does not start, and then does what comes of that, knowing what events say about it. */
  | {
      readonly do: 'giveUp';
      readonly kind: Kind<KubeObject>;
      readonly live: Live<KubeObject>;
      /** Of the objects whose events tell why. */
      readonly names: readonly string[];
      readonly next: (words: string | undefined) => TaskAction | undefined;
    };

/** What follows when a Job is lost: one that is still there goes first. */
export function afterLost(
  { message, stuck }: { readonly message: string; readonly stuck?: StuckJob },
  then: (message: string) => TaskAction | undefined,
): TaskAction | undefined {
  if (stuck === undefined) return then(message);
  const tell = (words: string | undefined) => then(words === undefined ? message : `${message} ${words}`);
  const { job, pod } = stuck;
  const names = pod === undefined ? [job.metadata.name] : [job.metadata.name, pod];
  return { do: 'giveUp', kind: Job as Kind<KubeObject>, live: job, names, next: tell };
}

export type CreateAction = Extract<TaskAction, { do: 'create' }>;

/** Something to tell the user, once the status that goes with it is stored. */
export interface Announcement {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

export interface TaskDecision {
  readonly actions: readonly TaskAction[];
  /** Look again after so many milliseconds even if nothing happens. */
  readonly requeueAfterMs: number | undefined;
}

/** For logs: what is done to which object, and never with what. */
export function describe(action: TaskAction): string {
  const name = action.do === 'create' ? action.object.metadata?.name : action.live.metadata.name;
  const what = `${action.kind.kind} ${name}`;
  switch (action.do) {
    case 'create':
      return `create ${what}`;
    case 'status':
      return `write the status of ${what}`;
    case 'finalizers':
      return `write the finalizers of ${what}`;
    case 'giveUp':
      return `delete ${what} (its pod does not start)`;
    case 'delete':
      return `delete ${what} (${action.why})`;
  }
}

/** The earliest of several times to look again, in milliseconds from now. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((each): each is number => each !== undefined);
  return known.length === 0 ? undefined : Math.max(50, Math.min(...known));
}
