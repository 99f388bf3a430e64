import type { InfluxAddon } from '../../api/influx-addon.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import { type Actor, type Outcome, DONE, REFUSED } from './actor.ts';
import { find, withFindings } from './refusals.ts';
import type { Live } from '../../kube/objects/types.ts';
import { entriesOfOthers } from '../apps/owners.ts';
import type { FindOwnersAction, PatchAction } from '../decision/action.ts';
import { childNames, keyOf as appKeyOf } from '../world/names.ts';
import type { Workload } from '../world/world.ts';
import { record } from './objects.ts';

/**
 * Runs a request about an app, which is for nobody but that app to wait for: one that fails is tried again later, and
 * what there is to do for the addon and for other apps goes on. An app that is gone or has changed is looked at again at
 * once instead.
 */
export async function aboutApp(
  actor: Actor,
  addon: Live<InfluxAddon>,
  { kind, key }: Pick<PatchAction, 'kind' | 'key'>,
  signal: AbortSignal,
  request: () => Promise<Outcome>,
): Promise<Outcome> {
  const target = `${kind.kind}/${key.name}`;
  const { uid, name } = addon.metadata;
  const { findings } = actor.memories.get(uid);
  const before = findings.find((each) => each.target === target);
  const isOurs = target === `StatefulSet/${childNames(name).statefulSet}`;
  try {
    const outcome = await withFindings(actor, addon, kind, { metadata: { name: key.name } }, request);
    if (outcome === DONE && before !== undefined)
      actor.memories.update(uid, { findings: findings.filter((each) => each !== before) });
    return outcome;
  } catch (reason) {
    const error = ApiError.from(reason);
    const isItsFault = error.isTransient || error.code >= 400;
    if (signal.aborted || isOurs || !isItsFault || error.isNotFound || error.isConflict) throw error;
    const message = `${kind.kind} ${key.name} could not be reached or changed: ${error.message}. It is tried again.`;
    const times = (before?.times ?? 0) + 1;
    find(actor, addon, { target, reason: STALLED_REASON.rejected, message, times });
    return REFUSED;
  }
}

export function rememberApp(
  { memories, clock }: Actor,
  uid: string,
  { kind, key, entry }: PatchAction,
): void {
  const patchedApps = new Map(memories.get(uid).patchedApps);
  if (entry === undefined) patchedApps.delete(`${kind.kind}/${key.name}`);
  else patchedApps.set(appKeyOf(entry), entry);
  memories.update(uid, { appsPatchedMs: clock.now(), patchedApps });
}

/** The cache gets the state that was read, so that what was found is known to be of it. */
export async function findOwners(
  actor: Actor,
  uid: string,
  { kind, key }: FindOwnersAction,
  signal: AbortSignal,
): Promise<Outcome> {
  const live = await actor.client.get(kind, key, signal);
  if (live === undefined) return { result: 'wait', ms: 200 };
  record(actor, kind, live);
  const found = {
    uid: live.metadata.uid,
    resourceVersion: live.metadata.resourceVersion,
    entries: entriesOfOthers(live as Live<Workload>),
  };
  const ownedEntries = new Map(actor.memories.get(uid).ownedEntries);
  actor.memories.update(uid, {
    ownedEntries: ownedEntries.set(appKeyOf({ kind: kind.kind, name: key.name }), found),
  });
  return DONE;
}
