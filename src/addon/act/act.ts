import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind } from '../../api/kinds.ts';
import type { InfluxTransport } from '../../influx/transport.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { KubeClient } from '../../kube/api/client.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action, CreateAction, GrowVolumeAction, PatchAction } from '../decision/action.ts';
import { keyOf as appKeyOf, ADDON_LABEL, MANAGED_BY } from '../world/names.ts';
import { findClaim } from './claim.ts';
import { changeContents, measureShards } from './contents.ts';
import { askDatabase, changeDatabase, probeDatabase } from './database.ts';
import { agentSecret } from '../backups/agent.ts';
import { certificateSecret } from './certificate.ts';
import { readEvents } from './cluster-events.ts';
import { findGrowing, measureDatabase } from './measure.ts';
import type { Memories } from '../observe/memories.ts';
import { STALLED_REASON, type StalledReason } from '../../api/reasons.ts';
import type { Settings } from '../world/settings.ts';
import { bindingName } from '../rights/role-binding.ts';
import { storeOf, type Stores } from '../observe/stores.ts';
import type { Finding } from '../world/memory.ts';

/** The outside worlds, one funnel each. */
export interface Actor {
  readonly client: KubeClient;
  readonly influx: InfluxTransport;
  readonly stores: Stores;
  readonly memories: Memories;
  readonly clock: Clock;
  readonly settings: Settings;
}

/**
 * `done`: go on with the list. `surprised`: there is something that the decision did not see; decide again at once.
 * `refused`: a finding tells why, and what comes behind it in the list may build on it.
 * `wait`: something of ours is on its way out; look again in a moment.
 */
export type Outcome =
  | { readonly result: 'done' }
  | { readonly result: 'surprised' }
  | { readonly result: 'refused' }
  | { readonly result: 'wait'; readonly ms: number };

const DONE: Outcome = { result: 'done' };
const SURPRISED: Outcome = { result: 'surprised' };
const REFUSED: Outcome = { result: 'refused' };
/** A write refused for a reason of the user's or the cluster's is tried again this often. */
const FINDING_MS = 30_000;
/** Until the cache tells that the namespace is going away, of which a refused write told first. */
const LEAVING_MS = 1_000;
const GROW_AGAIN_MS = 30 * 60_000;
/**
 * For so long after they were granted, rights may not have arrived everywhere. An API server that was started a moment
 * ago, or was given our definitions, looks every 30 s which kinds its policies may have for parameters.
 */
const NEW_RIGHTS_MS = 45_000;
const NEW_RIGHTS_RETRY_MS = 500;

/** Performs one action. Throws ApiError for what trying again soon may mend; what a user must mend becomes a finding. */
export async function act(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: Action,
  signal: AbortSignal,
): Promise<Outcome> {
  if ('opens' in action && action.opens === true && !(await isPresent(actor, addon, signal)))
    return { result: 'wait', ms: 200 };
  if ('follows' in action && action.follows !== undefined && !(await isAsSeen(actor, action.follows, signal)))
    return { result: 'wait', ms: 200 };
  if (
    'over' in action &&
    action.over !== undefined &&
    (await isBeingDeleted(actor, addon, action.over, signal))
  )
    return SURPRISED;
  switch (action.do) {
    case 'create':
      return await withFindings(actor, addon, action.kind, action.object, () =>
        create(actor, addon, action, signal),
      );
    case 'replace':
      return await withFindings(actor, addon, action.kind, action.object, async () => {
        record(actor, action.kind, await actor.client.replace(action.kind, action.object, signal));
        return DONE;
      });
    case 'patch': {
      const { kind, key, body, type } = action;
      const patch = async () => {
        record(actor, kind, await actor.client.patch(kind, key, body, { type }, signal));
        if (type === 'strategic') rememberApp(actor, addon.metadata.uid, action);
        return DONE;
      };
      // There is no use in telling on an addon that the addon may not be written.
      if (kind.plural === InfluxAddonKind.plural) return await patch();
      return await withFindings(actor, addon, kind, { metadata: { name: key.name } }, patch);
    }
    case 'delete':
      await actor.client.delete(
        action.kind,
        action.key,
        { uid: action.uid, resourceVersion: action.resourceVersion },
        signal,
      );
      storeOf(actor.stores, action.kind)?.recordDelete(
        `${action.key.namespace}/${action.key.name}`,
        action.uid,
      );
      return DONE;
    case 'askDatabase':
      await askDatabase(actor, addon.metadata.uid, action.access, signal, action);
      return DONE;
    case 'changeDatabase':
      await changeDatabase(actor, addon.metadata.uid, action.access, action.steps, signal);
      return DONE;
    case 'changeContents':
      await changeContents(actor, addon.metadata.uid, action, signal);
      return DONE;
    case 'measureShards':
      await measureShards(actor, addon.metadata.uid, action, signal);
      return DONE;
    case 'probeDatabase':
      await probeDatabase(actor, addon.metadata.uid, action.access, action.revision, signal);
      return DONE;
    case 'measureDatabase':
      await measureDatabase(actor, addon.metadata.uid, action, signal);
      return DONE;
    case 'findGrowing':
      await findGrowing(actor, addon.metadata.uid, action.access, action.level, signal);
      return DONE;
    case 'growVolume':
      return await growVolume(actor, addon, action, signal);
    case 'findClaim':
      return await withFindings(
        actor,
        addon,
        action.kind as Kind<KubeObject>,
        { metadata: { name: action.key.name } },
        async () => {
          const isOurs = (live: Live<KubeObject>) => belonging(live, addon) !== 'Foreign';
          const outcome = await findClaim(actor, addon, action, isOurs, signal);
          return outcome === 'Foreign' ? conflict(actor, addon, action.kind.kind, action.key.name) : outcome;
        },
      );
    case 'issueCertificate':
      return await issue(actor, addon, action, certificateSecret, signal);
    case 'issueAgentPair':
      return await issue(actor, addon, action, agentSecret, signal);
    case 'diagnose': {
      const diagnosis = await readEvents(actor.client, addon.metadata.namespace ?? '', action.names, signal);
      actor.memories.update(addon.metadata.uid, { diagnosis: { ...diagnosis, atMs: actor.clock.now() } });
      return DONE;
    }
  }
}

/** A Secret whose content takes time to make: made only now, and stored in place of the present one. */
async function issue<
  A extends { readonly object: kinds.Secret; readonly live: Live<kinds.Secret> | undefined },
>(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: A,
  make: (action: A, now: Date) => Promise<kinds.Secret>,
  signal: AbortSignal,
): Promise<Outcome> {
  const kind = kinds.Secret as Kind<KubeObject>;
  return await withFindings(actor, addon, kind, action.object, async () => {
    const secret = await make(action, new Date(actor.clock.now()));
    if (action.live === undefined)
      return await create(actor, addon, { do: 'create', kind, object: secret }, signal);
    record(actor, kind, await actor.client.replace(kind, secret, signal));
    return DONE;
  });
}

/** What the API server or a quota has against it is told with the volume: the database itself is as it should be. */
async function growVolume(
  actor: Actor,
  addon: Live<InfluxAddon>,
  { kind, object }: GrowVolumeAction,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    record(actor, kind as Kind<KubeObject>, await actor.client.replace(kind, object, signal));
    return DONE;
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isForbidden && !error.isInvalid) throw error;
    const growthRefused = { message: error.message, untilMs: actor.clock.now() + GROW_AGAIN_MS };
    actor.memories.update(addon.metadata.uid, { growthRefused });
    return SURPRISED;
  }
}

async function create(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: CreateAction,
  signal: AbortSignal,
): Promise<Outcome> {
  const { kind, object } = action;
  try {
    record(actor, kind, await actor.client.create(kind, object, signal));
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
      record(actor, kind, await relabel(actor.client, kind, live, object, signal));
      return SURPRISED;
    case 'Leaving':
      return { result: 'wait', ms: 1_000 };
    case 'Foreign':
      return conflict(actor, addon, kind.kind, name);
  }
}

function conflict(actor: Actor, addon: Live<InfluxAddon>, kind: string, name: string): Outcome {
  const message = `${kind} ${name} exists and was not made by this operator: it is left alone. Delete or rename it, or give the addon another name.`;
  find(actor, addon, { target: `${kind}/${name}`, reason: STALLED_REASON.nameConflict, message });
  return REFUSED;
}

/** No write has a precondition on the addon that asks for it: that it still does is asked for just before. */
async function isPresent(
  { client }: Actor,
  { metadata }: Live<InfluxAddon>,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, namespace = '', uid, generation } = metadata;
  const live = await client.get(InfluxAddonKind, { name, namespace }, signal);
  return (
    live?.metadata.uid === uid &&
    live.metadata.generation === generation &&
    live.metadata.deletionTimestamp === undefined
  );
}

async function isAsSeen({ client }: Actor, seen: Live<kinds.Secret>, signal: AbortSignal): Promise<boolean> {
  const { name, namespace = '', uid, resourceVersion } = seen.metadata;
  const live = await client.get(kinds.Secret, { name, namespace }, signal);
  return live?.metadata.uid === uid && live.metadata.resourceVersion === resourceVersion;
}

/** Tells the cache, so that it is decided from there what is to be done instead. */
async function isBeingDeleted(
  actor: Actor,
  { metadata }: Live<InfluxAddon>,
  seen: Live<kinds.PersistentVolumeClaim>,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, namespace = '' } = seen.metadata;
  const live = await actor.client.get(kinds.PersistentVolumeClaim, { name, namespace }, signal);
  // Without a volume there is nothing to be kept.
  if (live?.metadata.deletionTimestamp === undefined || live.status?.phase === 'Lost') return false;
  if (metadata.annotations?.[Annotation.startEmpty] === live.metadata.uid) return false;
  record(actor, kinds.PersistentVolumeClaim as Kind<KubeObject>, live);
  return true;
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

/** Runs a write; a refusal that only a user or an administrator can mend is kept instead of tried again at once. */
async function withFindings(
  actor: Actor,
  addon: Live<InfluxAddon>,
  kind: Kind<KubeObject>,
  object: KubeObject,
  write: () => Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await write();
  } catch (reason) {
    const error = ApiError.from(reason);
    if (error.isNamespaceTerminating) return { result: 'wait', ms: LEAVING_MS };
    if (isForWantOfRights(error, kind) && areRightsNew(actor, addon))
      return { result: 'wait', ms: NEW_RIGHTS_RETRY_MS };
    const refusal = refusalOf(error, kind.kind, object.metadata?.name ?? '');
    if (refusal === undefined) throw error;
    find(actor, addon, { target: `${kind.kind}/${object.metadata?.name}`, ...refusal });
    return REFUSED;
  }
}

/** Not for a quota, say. The policy on RoleBindings calls it Invalid that it has not heard of the addon yet. */
function isForWantOfRights(error: ApiError, kind: Kind<KubeObject>): boolean {
  if (kind.plural === kinds.RoleBinding.plural) return error.isForbidden || error.isInvalid;
  return error.isForbidden && / cannot \w+ resource /.test(error.message);
}

/**
 * What has just been granted takes each API server a moment to hear of, and so does the policy that looks for the addon:
 * a refusal says nothing yet.
 */
function areRightsNew({ settings, stores, clock }: Actor, { metadata }: Live<InfluxAddon>): boolean {
  if (settings.tenancy === undefined) return false;
  const key = `${metadata.namespace}/${bindingName(metadata.name, settings.tenancy)}`;
  const since = (stores.roleBindings?.get(key)?.metadata ?? metadata).creationTimestamp;
  return clock.now() - Date.parse(since ?? '') < NEW_RIGHTS_MS;
}

function refusalOf(
  error: ApiError,
  kind: string,
  name: string,
): { reason: StalledReason; message: string } | undefined {
  if (error.isForbidden) {
    const quota = /exceeded quota|must specify (limits|requests)/.test(error.message);
    return quota
      ? {
          reason: STALLED_REASON.quotaExceeded,
          message: `A quota of the namespace refuses ${kind} ${name}: ${error.message}`,
        }
      : {
          reason: STALLED_REASON.forbidden,
          message: `The API server refuses ${kind} ${name}: ${error.message}`,
        };
  }
  if (error.isInvalid)
    return {
      reason: STALLED_REASON.rejected,
      message: `The API server does not accept ${kind} ${name}: ${error.message}`,
    };
  return undefined;
}

function find(
  actor: Actor,
  addon: Live<InfluxAddon>,
  what: Pick<Finding, 'target' | 'reason' | 'message'>,
): void {
  const { uid, generation = 0 } = addon.metadata;
  const others = actor.memories.get(uid).findings.filter((finding) => finding.target !== what.target);
  const finding: Finding = { ...what, generation, untilMs: actor.clock.now() + FINDING_MS };
  actor.memories.update(uid, { findings: [...others, finding] });
}

function rememberApp({ memories, clock }: Actor, uid: string, { kind, key, entry }: PatchAction): void {
  const patchedApps = new Map(memories.get(uid).patchedApps);
  if (entry === undefined) patchedApps.delete(`${kind.kind}/${key.name}`);
  else patchedApps.set(appKeyOf(entry), entry);
  memories.update(uid, { appsPatchedMs: clock.now(), patchedApps });
}

function record(actor: Actor, kind: Kind<KubeObject>, live: Live<KubeObject>): void {
  storeOf(actor.stores, kind)?.recordWrite(live);
}
