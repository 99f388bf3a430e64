import { READY_REASON, type ReadyReason } from '../../api/reasons.ts';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { acting, telling, type Outcome } from '../decision/outcome.ts';
import type { BasePicture } from '../decision/picture.ts';
import type { Scene } from '../decision/story.ts';
import type { InForce } from '../world/facts.ts';
import { diagnose } from './diagnose.ts';
import { keptDataPlane, startingMessage, startingReason } from './starting.ts';
import { podState } from './state.ts';

export interface Up {
  /** It is ready. */
  readonly pod: Live<Pod>;
  /** Why a database in it that does not answer yet does not. */
  readonly starting: ReadyReason;
}

/** Without a ready pod there is nobody to ask: status says what it waits for, or what is wrong with it. */
export function podStep({
  world,
  base,
  target,
  starts,
  revision,
  now,
}: Scene & {
  readonly base: BasePicture;
  readonly target: InForce;
  readonly starts: number;
  readonly revision: string;
}): Up | Outcome {
  const { addon, children, pod } = world;
  const state = podState(pod, children.statefulSet, now.getTime());
  const starting = startingReason(addon.status, target, revision);
  if (state.state === 'Ready' && pod !== undefined) return { pod, starting };
  const trouble = diagnose(world, state, now.getTime());
  if (trouble.action !== undefined) return acting([trouble.action]);
  const blocked = base.refusal ?? trouble.refusal;
  const reason = blocked === undefined ? (trouble.reason ?? starting) : READY_REASON.blocked;
  const message = blocked?.message ?? trouble.message ?? startingMessage(starting, addon.status);
  return telling(
    {
      ...base,
      refusal: blocked,
      ready: { status: false, reason, message },
      available: { status: false, reason: trouble.reason ?? starting, message: trouble.message ?? message },
      state: 'Running',
      dataPlane: keptDataPlane(addon.status, starts),
    },
    { waitingFor: trouble.waitingFor, requeueAfterMs: trouble.requeueAfterMs },
  );
}
