import { stateOf } from '../../api/addon-defaults.ts';
import { READY_REASON } from '../../api/reasons.ts';
import { telling, type Outcome } from '../decision/outcome.ts';
import type { BasePicture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { ChildChange } from '../children/changes.ts';
import type { StatefulSet } from '../../kube/objects/kinds.ts';
import type { Facts } from '../world/facts.ts';
import type { Finding } from '../world/memory.ts';
import type { World } from '../world/world.ts';
import { baseOf } from './held-back.ts';
import { keptDataPlane } from '../pod/starting.ts';

/** A pod that is stopping is looked at again this often, whether or not anything is heard of it. */
const STOP_AGAIN_MS = 20_000;

/**
 * The database is about to be told to stop. Status says so before: whatever crashes, and however soon it is wanted
 * again, the next start is one after `Stopped`.
 */
export function stoppingStep(
  scene: Scene & {
    readonly facts: Facts;
    readonly refusal: Refusal | undefined;
    readonly unimplemented: readonly string[];
    readonly own: readonly Finding[];
    readonly changes: readonly ChildChange[];
    readonly starts: number;
  },
): Outcome | undefined {
  const { world, changes, starts } = scene;
  const told = world.addon.status?.state === 'Stopped' || world.addon.status?.dataPlane?.stopping === true;
  if (told || !changes.some((change) => stops(change, world))) return undefined;
  return toldOf(world, baseOf(scene), { gone: false, starts });
}

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
  return toldOf(world, base, { gone, starts });
}

function stops({ slot, action }: ChildChange, { children }: World): boolean {
  if (slot !== 'statefulSet' || action.do !== 'replace') return false;
  const { spec } = action.object as StatefulSet;
  return spec?.replicas === 0 && children.statefulSet?.spec?.replicas !== 0;
}

function toldOf(
  { addon }: World,
  base: BasePicture,
  { gone, starts }: { readonly gone: boolean; readonly starts: number },
): Outcome {
  const reason = gone ? READY_REASON.stopped : READY_REASON.stopping;
  const message = gone
    ? 'the database is stopped; its volume and Secrets stay'
    : 'the database is being stopped';
  const { refusal } = base;
  const kept = keptDataPlane(addon.status, starts);
  const picture = {
    ...base,
    reconciling: !gone,
    ready:
      refusal === undefined
        ? { status: gone, reason, message }
        : { status: false, reason: READY_REASON.blocked, message: refusal.message },
    available: { status: false, reason, message },
    state: gone ? ('Stopped' as const) : ('Running' as const),
    dataPlane: gone ? kept : { ...kept, starts, stopping: true },
  };
  const again = gone ? {} : { waitingFor: 'the pod to stop', requeueAfterMs: STOP_AGAIN_MS };
  return { ...telling(picture, again), interrupts: true };
}
