import { stateOf } from '../../api/addon-defaults.ts';
import { READY_REASON } from '../../api/reasons.ts';
import { telling, type Outcome } from '../decision/outcome.ts';
import type { BasePicture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { keptDataPlane } from '../pod/starting.ts';

/** A pod that is stopping is looked at again this often, whether or not anything is heard of it. */
const STOP_AGAIN_MS = 20_000;

/** `spec.state: Stopped`: no pod, and nobody to ask. */
export function stoppedStep({
  world,
  base,
  leaving,
  starts,
}: Scene & {
  readonly base: BasePicture;
  readonly leaving: Refusal | undefined;
  readonly starts: number;
}): Outcome | undefined {
  const gone = world.pod === undefined;
  // A pod that may not be ended, for the sake of its volume, goes on.
  if (stateOf(world.addon) !== 'Stopped' || (leaving !== undefined && !gone)) return undefined;
  const reason = gone ? READY_REASON.stopped : READY_REASON.stopping;
  const message = gone
    ? 'the database is stopped; its volume and Secrets stay'
    : 'the database is being stopped';
  const { refusal } = base;
  const picture = {
    ...base,
    reconciling: !gone,
    ready:
      refusal === undefined
        ? { status: gone, reason, message }
        : { status: false, reason: READY_REASON.blocked, message: refusal.message },
    available: { status: false, reason, message },
    state: gone ? ('Stopped' as const) : ('Running' as const),
    dataPlane: keptDataPlane(world.addon.status, starts),
  };
  const again = gone ? {} : { waitingFor: 'the pod to stop', requeueAfterMs: STOP_AGAIN_MS };
  return { ...telling(picture, again), interrupts: true };
}
