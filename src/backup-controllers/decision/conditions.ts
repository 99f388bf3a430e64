import { NOT_STALLED } from '../../api/reasons.ts';
import type { AddonCondition } from '../../api/influx-addon.ts';
import { setCondition } from '../../kube/objects/conditions.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';

/** What is true of an object that is worked on once, in the words that kstatus knows. */
export interface Standing {
  readonly ready: boolean;
  /** Nothing more happens until a user acts. */
  readonly stalled: boolean;
  /** Of Ready, which the STATUS column shows; and of the other that is true. */
  readonly reason: string;
  readonly message: string;
}

const MAX_MESSAGE = 4096;

/** Ready, Reconciling and Stalled: exactly one of them is true. */
export function conditionsFor(
  object: Live<KubeObject & { status?: { conditions?: AddonCondition[] | undefined } | undefined }>,
  { ready, stalled, reason, message }: Standing,
  now: Date,
): AddonCondition[] {
  const observedGeneration = object.metadata.generation ?? 0;
  let conditions: readonly AddonCondition[] = object.status?.conditions ?? [];
  const set = (type: string, holds: boolean, why: string, text: string) => {
    const condition = {
      type,
      status: holds ? ('True' as const) : ('False' as const),
      reason: why,
      message: text.slice(0, MAX_MESSAGE),
      observedGeneration,
    };
    conditions = setCondition(conditions, condition, now.getTime()) as AddonCondition[];
  };
  const works = !ready && !stalled;
  set('Ready', ready, reason, message);
  set('Reconciling', works, works ? reason : 'Done', works ? message : '');
  set('Stalled', stalled, stalled ? reason : NOT_STALLED, stalled ? message : '');
  return [...conditions];
}
