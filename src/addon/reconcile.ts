import { isDeepStrictEqual } from 'node:util';
import type { InfluxAddonStatus } from '../api/influx-addon.ts';
import { InfluxAddon } from '../api/kinds.ts';
import { ApiError } from '../kube/api/api-error.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import type { Logger } from '../kube/log.ts';
import { keyOf, type Live } from '../kube/objects/types.ts';
import type { FleetSummary } from '../maintenance/fleet-summary.ts';
import { act } from './act/act.ts';
import { type Actor } from './act/actor.ts';
import { describe, type Decision } from './decision/action.ts';
import { decide } from './decide.ts';
import { memberOf, placeOf } from './maintenance/fleet.ts';
import { dropForgottenAccess } from './act/forgotten-rights.ts';
import type { Fresh } from './world/fresh.ts';
import { observe } from './observe/observe.ts';

export interface Reconciler extends Actor {
  readonly fleet: FleetSummary;
  readonly fresh: Fresh;
  readonly events: Pick<EventRecorder, 'event'>;
  readonly log: Logger;
}

/** Passes within one run. A run that needs more goes to the back of the queue, so that no addon starves the others. */
const MAX_PASSES = 12;

/** Brings one addon as far as it can be brought now: observe, decide, act, until there is nothing to do but wait. */
export async function reconcile(
  reconciler: Reconciler,
  key: string,
  signal: AbortSignal,
): Promise<{ requeueAfterMs?: number }> {
  const { stores, memories } = reconciler;
  const worked = new Set<string>();
  try {
    return await passes(reconciler, key, worked, signal);
  } finally {
    // What acting taught after its addon was forgotten: nobody else would ever forget it.
    const present = stores.addons.get(key)?.metadata.uid;
    for (const uid of worked) if (uid !== present) memories.forget(uid);
  }
}

async function passes(
  reconciler: Reconciler,
  key: string,
  worked: Set<string>,
  signal: AbortSignal,
): Promise<{ requeueAfterMs?: number }> {
  const { stores, memories, settings, clock } = reconciler;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    signal.throwIfAborted();
    const addon = stores.addons.get(key);
    if (addon === undefined) {
      await dropForgottenAccess(reconciler, key, signal);
      return {};
    }
    worked.add(addon.metadata.uid);
    const now = new Date(clock.now());
    const world = observe(
      stores,
      addon,
      memories.get(addon.metadata.uid),
      settings,
      placeOf(addon, reconciler.fleet, settings.maintenance, now),
    );
    const decision = decide(world, { now, fresh: reconciler.fresh });
    if (decision.actions.length === 0) return await rest(reconciler, addon, decision, signal);
    let done = true;
    for (const action of decision.actions) {
      reconciler.log.info({ addon: key, pass }, describe(action));
      const outcome = await act(reconciler, addon, action, signal);
      if (outcome.result === 'wait') return { requeueAfterMs: outcome.ms };
      done = outcome.result === 'done';
      if (!done) break;
    }
    if (done) announce(reconciler, addon, decision);
  }
  return { requeueAfterMs: 1 };
}

/** Nothing to do but to say how things are, and to look again in time. */
async function rest(
  reconciler: Reconciler,
  addon: Live<InfluxAddon>,
  decision: Decision,
  signal: AbortSignal,
): Promise<{ requeueAfterMs?: number }> {
  const { memories, clock } = reconciler;
  const { uid } = addon.metadata;
  const waiting = memories.get(uid).waiting;
  if (decision.waitingFor !== waiting?.what) {
    const since =
      decision.waitingFor === undefined ? undefined : { what: decision.waitingFor, sinceMs: clock.now() };
    memories.update(uid, { waiting: since, diagnosis: undefined });
  }
  if (decision.status !== undefined && !isDeepStrictEqual(decision.status, addon.status)) {
    const began = decision.status.maintenance?.startedAt;
    const begins = began !== undefined && began !== addon.status?.maintenance?.startedAt;
    const settle = begins ? reconciler.fleet.begin(uid, new Date(began)) : undefined;
    try {
      await writeStatus(reconciler, addon, decision.status, signal);
    } finally {
      const present = reconciler.stores.addons.get(keyOf(addon));
      settle?.(present?.metadata.uid === uid ? memberOf(present) : undefined);
    }
    memories.update(uid, { patchedApps: new Map() });
    announce(reconciler, addon, decision);
  }
  return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
}

/** Written with uid and resourceVersion: a decision from an old view, or of an old leader, is refused. */
async function writeStatus(
  reconciler: Reconciler,
  addon: Live<InfluxAddon>,
  status: InfluxAddonStatus,
  signal: AbortSignal,
): Promise<void> {
  try {
    const live = await reconciler.client.writeStatus(InfluxAddon, addon, status, signal);
    reconciler.stores.addons.recordWrite(live);
  } catch (reason) {
    const error = ApiError.from(reason);
    if (error.isNotFound) return; // it went meanwhile: there is nobody left to tell
    throw error;
  }
}

function announce({ events }: Reconciler, addon: Live<InfluxAddon>, decision: Decision): void {
  for (const { type, reason, note } of decision.events)
    events.event(addon, { type, reason, action: 'Reconcile', note });
}
