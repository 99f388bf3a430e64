import { APP_REASON } from '../../../api/reasons.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { againFor, restartedForKey } from '../../world/names.ts';
import type { Workload } from '../../world/world.ts';
import type { AppDecision } from '../binding.ts';
import { patchOf } from '../patch.ts';
import { isPartlyUpdated, isRolledOut } from '../view.ts';
import type { AppWish } from '../wish.ts';
import { lastPodsLeftMs } from './copies.ts';

/**
 * With the second restart of an app that may have got a frozen copy at the first: it comes once, when the pods of before
 * are gone. Until it is through, the app does not count as one that runs with what it depends on.
 */
export function withSecondRestart(
  decision: AppDecision,
  wish: AppWish,
  workload: Live<Workload> | undefined,
  revision: string,
  now: Date,
): AppDecision {
  const { entry, patch } = decision;
  if (patch !== undefined || workload === undefined || entry?.againAfter === undefined) return decision;
  if (entry.revision !== revision) return decision;
  const { againAfter, ...rest } = entry;
  const restarted = { ...rest, restartedAt: now.toISOString(), restarting: true };
  const key = restartedForKey(wish.addonName);
  // A crash may have lost the entry: then the annotation tells that it was done.
  if (workload.spec?.template.metadata?.annotations?.[key] === againFor(revision))
    return isRolledOut(workload)
      ? { ...decision, entry: { ...rest, restartedAt: now.toISOString() } }
      : { ...decision, entry: restarted, comingSinceMs: now.getTime() };
  if (!isRolledOut(workload) || isPartlyUpdated(workload)) return decision;
  const name = `${wish.kind} ${wish.name}`;
  const said = (reason: AppDecision['reason'], message: string) =>
    decision.current ? { reason, message, current: false } : {};
  const leftMs = lastPodsLeftMs(againAfter, now);
  if (leftMs > 0) {
    const message = `${name} is restarted once more when its pods of before are gone: a Secret that they read was made immutable, and kubelets hand out what that held for as long as they are there`;
    const againMs = Math.min(leftMs, decision.againMs ?? Infinity);
    return { ...decision, ...said(APP_REASON.restartWaiting, message), againMs };
  }
  return {
    ...decision,
    patch: patchOf(workload, { containers: [], initContainers: [] }, { [key]: againFor(revision) }),
    restarts: true,
    again: true,
    entry: restarted,
    unwritten: entry,
    ...said(APP_REASON.rollingOut, `${name} is being restarted once more`),
  };
}
