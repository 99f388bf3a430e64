import { isPaused } from '../../api/addon-defaults.ts';
import { READY_REASON } from '../../api/reasons.ts';
import { resting, telling, type Outcome } from '../decision/outcome.ts';
import { NOTHING_NEW } from '../decision/picture.ts';
import type { Scene } from '../decision/story.ts';

/** The namespace is being deleted: everything in it goes, and whatever is made is refused. */
export function leavingNamespaceStep({ world }: Scene): Outcome | undefined {
  return world.namespaceTerminating ? resting() : undefined;
}

/** `influxaddon.dev/paused`: somebody else is at work on what belongs to the addon. */
export function pausedStep({ world }: Scene): Outcome | undefined {
  if (!isPaused(world.addon)) return undefined;
  const before = world.addon.status;
  const available = before?.conditions?.find(({ type }) => type === 'Available');
  const message = 'influxaddon.dev/paused is set: nothing is changed or repaired until it is removed';
  const picture = {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.paused, message },
    available: {
      status: available?.status === 'True',
      reason: available?.reason ?? READY_REASON.paused,
      message: available?.message ?? message,
    },
  };
  return { ...telling(picture), interrupts: true };
}
