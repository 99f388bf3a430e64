import { find } from './refusals.ts';
import { type Actor, type Outcome, DONE, SURPRISED, REFUSED } from './actor.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { KubeClient } from '../../kube/api/client.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import { keyOf, type KubeObject, type Live } from '../../kube/objects/types.ts';
import { afterRepair } from '../children/contested/repairs.ts';
import type { CreateAction, DeleteAction, PatchAction, ReplaceAction } from '../decision/action.ts';
import { targetOf } from '../decision/findings.ts';
import { ADDON_LABEL, MANAGED_BY } from '../world/names.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import { storeOf } from '../observe/stores.ts';

export async function create(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: CreateAction,
  signal: AbortSignal,
): Promise<Outcome> {
  const { kind, object } = action;
  const made = (live: Live<KubeObject>): void => {
    record(actor, kind, live);
    rememberRepair(actor, addon.metadata.uid, action, live);
  };
  try {
    made(await actor.client.create(kind, object, signal));
    return DONE;
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isAlreadyExists) throw error;
  }
  // The name is taken: by an earlier write of ours whose answer was lost, by a predecessor, or by somebody else.
  const { name = '', namespace = '' } = object.metadata ?? {};
  const live = await actor.client.get(kind, { name, namespace }, signal);
  if (live === undefined) return { result: 'wait', ms: 200 };
  switch (belonging(live, addon)) {
    case 'Ours':
      record(actor, kind, live);
      return SURPRISED;
    case 'LostLabels':
      made(await relabel(actor.client, kind, live, object, signal));
      return SURPRISED;
    case 'Leaving':
      return { result: 'wait', ms: 1_000 };
    case 'Foreign':
      return conflict(actor, addon, kind.kind, name);
  }
}

export function conflict(actor: Actor, addon: Live<InfluxAddon>, kind: string, name: string): Outcome {
  const message = `${kind} ${name} exists and was not made by this operator: it is left alone. Delete or rename it, or give the addon another name.`;
  find(actor, addon, { target: `${kind}/${name}`, reason: STALLED_REASON.nameConflict, message });
  return REFUSED;
}

/**
 * Makes an object of ours visible to its cache again, and no more: what else is wrong with it is decided from what it
 * holds, not from an intent that was made without seeing it.
 */
async function relabel(
  client: KubeClient,
  kind: Kind<KubeObject>,
  live: Live<KubeObject>,
  intent: KubeObject,
  signal: AbortSignal,
): Promise<Live<KubeObject>> {
  const labels = { ...live.metadata.labels, ...intent.metadata?.labels };
  return await client.replace(kind, { ...live, metadata: { ...live.metadata, labels } }, signal);
}

/** Whose object it is that has the name of a child. */
export function belonging(
  live: Live<KubeObject>,
  addon: Live<InfluxAddon>,
): 'Ours' | 'LostLabels' | 'Leaving' | 'Foreign' {
  const { labels, ownerReferences = [], deletionTimestamp } = live.metadata;
  const owner = ownerReferences.find(
    (each) => each.kind === 'InfluxAddon' && each.apiVersion.startsWith('influxaddon.dev/'),
  );
  const labelled =
    labels?.['app.kubernetes.io/managed-by'] === MANAGED_BY && labels[ADDON_LABEL] === addon.metadata.name;
  const hashed = live.metadata.annotations?.['influxaddon.dev/intent'] !== undefined;
  if (owner !== undefined && owner.uid !== addon.metadata.uid)
    return owner.name === addon.metadata.name ? 'Leaving' : 'Foreign';
  const ours = owner !== undefined || labelled || hashed;
  if (!ours) return 'Foreign';
  if (deletionTimestamp !== undefined) return 'Leaving';
  return labelled ? 'Ours' : 'LostLabels';
}

/**
 * Writes the addon's finalizers. The answer to the patch that takes the last one from an addon that is being deleted
 * shows it as it was before, with the resourceVersion of before: the cache would go on as if nothing had been written.
 * That it is not found any more means that it went by somebody else's hand, or by a patch of ours whose answer was lost.
 */
export async function patchAddon(
  { client, stores }: Actor,
  addon: Live<InfluxAddon>,
  { kind, key, body, type }: PatchAction,
  signal: AbortSignal,
): Promise<Outcome> {
  const gone = (): Outcome => {
    stores.addons.recordDelete(keyOf(addon), addon.metadata.uid);
    return DONE;
  };
  try {
    const live = await client.patch(kind, key, body, { type }, signal);
    const { deletionTimestamp, finalizers = [] } = live.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) return gone();
    stores.addons.recordWrite(live as Live<InfluxAddon>);
    return DONE;
  } catch (reason) {
    if (ApiError.from(reason).isNotFound) return gone();
    throw reason;
  }
}

/** DELETE of exactly what was seen. */
export async function remove(
  { client, stores }: Actor,
  { kind, key, uid, resourceVersion }: DeleteAction,
  signal: AbortSignal,
): Promise<Outcome> {
  await client.delete(kind, key, { uid, resourceVersion }, signal);
  storeOf(stores, kind)?.recordDelete(`${key.namespace}/${key.name}`, uid);
  return DONE;
}

export function record(actor: Actor, kind: Kind<KubeObject>, live: Live<KubeObject>): void {
  storeOf(actor.stores, kind)?.recordWrite(live);
}

/** What a write of a child has put right, so that it is known when that does not last. */
export function rememberRepair(
  { memories, clock }: Actor,
  uid: string,
  action: CreateAction | ReplaceAction,
  { metadata: { generation } }: Live<KubeObject>,
): void {
  const { repair } = action;
  if (repair === undefined) return;
  const what = { target: targetOf(action), repair };
  memories.update(uid, afterRepair(memories.get(uid), what, generation, clock.now()));
}
