import { isDeepStrictEqual } from 'node:util';
import type { InfluxAddon } from '../api/influx-addon.ts';
import type { ReconcileResult, Run } from '../kube/control/controller.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import type { Logger } from '../kube/log.ts';
import { keyOf, type Live } from '../kube/objects/types.ts';
import type { FleetSummary } from '../maintenance/fleet-summary.ts';
import { converse, isSilent, type Conversations } from './trouble/converse.ts';
import { act } from './act/act.ts';
import { type Actor } from './act/actor.ts';
import { groupsOf } from './decision/groups.ts';
import { writeStatus } from './trouble/write-status.ts';
import { type Action, type Decision } from './decision/action.ts';
import { describe } from './decision/describe.ts';
import { decide } from './decide.ts';
import { memberOf, placeOf } from './maintenance/fleet.ts';
import { dropForgottenAccess } from './act/forgotten-rights.ts';
import type { Fresh } from './world/fresh.ts';
import { observe } from './observe/observe.ts';
import type { Teller } from './trouble/teller.ts';
import { together } from './trouble/together.ts';
import type { World } from './world/world.ts';

export interface Reconciler extends Actor, Conversations {
  readonly fleet: FleetSummary;
  readonly fresh: Fresh;
  /** Says what gets nowhere. */
  readonly teller: Teller;
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
  run: Run,
): Promise<ReconcileResult> {
  const { stores, memories } = reconciler;
  const worked = new Set<string>();
  try {
    return await passes(reconciler, key, { worked, signal, run });
  } finally {
    // What acting taught after its addon was forgotten: nobody else would ever forget it.
    const present = stores.addons.get(key)?.metadata.uid;
    for (const uid of worked) if (uid !== present) memories.forget(uid);
  }
}

async function passes(
  reconciler: Reconciler,
  key: string,
  { worked, signal, run }: { readonly worked: Set<string>; readonly signal: AbortSignal; readonly run: Run },
): Promise<ReconcileResult> {
  const { stores, memories, clock, teller } = reconciler;
  // Whose worker was let go, works on when it has one again.
  let isReleased = false;
  const release = (): void => {
    isReleased = true;
    run.letGo();
  };
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    signal.throwIfAborted();
    // Nothing is awaited from here to the look: what was told until now is in the caches.
    run.seen();
    const addon = stores.addons.get(key);
    if (addon === undefined) {
      teller.gone(key);
      await dropForgottenAccess(reconciler, key, signal);
      return {};
    }
    worked.add(addon.metadata.uid);
    const now = new Date(clock.now());
    const failed = noting(reconciler, addon, signal);
    teller.looked(addon);
    const decision = decide(look(reconciler, addon, now), { now, fresh: reconciler.fresh });
    if (decision.actions.length === 0) {
      try {
        return await rest(reconciler, addon, decision, signal);
      } catch (error) {
        failed(undefined, error);
        throw error;
      }
    }
    let done = true;
    for (const group of groupsOf(decision.actions)) {
      for (const action of group) reconciler.log.info({ addon: key, pass }, describe(action));
      const talk = (action: Action) =>
        converse(reconciler, addon, action, { signal, release }, () =>
          act(reconciler, addon, action, signal),
        );
      const outcomes = await together(group, talk, failed);
      // For want of a place nothing was done: behind those for whom something can be.
      if (outcomes.includes(undefined)) return { requeueAfterMs: 1 };
      const waits = outcomes.flatMap((outcome) => (outcome?.result === 'wait' ? [outcome.ms] : []));
      if (waits.length > 0) {
        const index = outcomes.findIndex((outcome) => outcome?.result === 'wait');
        teller.failed(addon, group[index], 'Waits');
        return { requeueAfterMs: Math.max(...waits) };
      }
      done = outcomes.every((outcome) => outcome?.result === 'done');
      if (!done) break;
    }
    if (done) announce(reconciler, addon, decision);
    // One that does not answer goes on behind those for which somebody waits: there may be a fleet of them.
    if (isReleased)
      return isSilent(memories.get(addon.metadata.uid)) ? { requeueAfterMs: 1 } : { soon: true };
  }
  return { requeueAfterMs: 1 };
}

/** What a decision looks at, as far as it is known now. */
export function look(
  { stores, memories, settings, fleet }: Pick<Reconciler, 'stores' | 'memories' | 'settings' | 'fleet'>,
  addon: Live<InfluxAddon>,
  now: Date,
): World {
  const place = placeOf(addon, fleet, settings.maintenance, now);
  return observe(stores, addon, memories.get(addon.metadata.uid), settings, place);
}

/** What fails is tried again by whoever called; here it is only noted, so that it can be told when it lasts. */
function noting({ teller }: Reconciler, addon: Live<InfluxAddon>, signal: AbortSignal) {
  return (action: Action | undefined, error: unknown): void => {
    const isStopped = signal.aborted && (signal.reason as Error | undefined)?.name !== 'TimeoutError';
    if (!isStopped) teller.failed(addon, action, error);
  };
}

/** Nothing to do but to say how things are, and to look again in time. */
async function rest(
  reconciler: Reconciler,
  addon: Live<InfluxAddon>,
  decision: Decision,
  signal: AbortSignal,
): Promise<ReconcileResult> {
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
  reconciler.teller.rested(addon, { said: decision.status !== undefined });
  return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
}

function announce({ events }: Reconciler, addon: Live<InfluxAddon>, decision: Decision): void {
  for (const { type, reason, note } of decision.events)
    events.event(addon, { type, reason, action: 'Reconcile', note });
}
