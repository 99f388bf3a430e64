import type { InfluxAddon } from '../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind } from '../api/kinds.ts';
import type { InfluxTransport } from '../influx/transport.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { Kind } from '../kube/kinds.ts';
import * as kinds from '../kube/kinds.ts';
import type { KubeObject, Live } from '../kube/types.ts';
import type { Action, CreateAction, PatchAction } from './action.ts';
import { keyOf as appKeyOf } from './apps/entries.ts';
import { askDatabase, changeDatabase, measureDatabase, probeDatabase } from './act-database.ts';
import { certificateSecret } from './act-certificate.ts';
import { readEvents } from './cluster-events.ts';
import type { Memories } from './memories.ts';
import { ADDON_LABEL, MANAGED_BY } from './names.ts';
import { STALLED_REASON, type StalledReason } from './reasons.ts';
import { storeOf, type Stores } from './stores.ts';
import type { Finding } from './world.ts';

/** The outside worlds, one funnel each. */
export interface Actor {
  readonly client: KubeClient;
  readonly influx: InfluxTransport;
  readonly stores: Stores;
  readonly memories: Memories;
  readonly clock: Clock;
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

/** Performs one action. Throws ApiError for what trying again soon may mend; what a user must mend becomes a finding. */
export async function act(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: Action,
  signal: AbortSignal,
): Promise<Outcome> {
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
      await askDatabase(actor, addon.metadata.uid, action.access, signal);
      return DONE;
    case 'changeDatabase':
      await changeDatabase(actor, addon.metadata.uid, action.access, action.steps, signal);
      return DONE;
    case 'probeDatabase':
      await probeDatabase(actor, addon.metadata.uid, action.access, action.revision, signal);
      return DONE;
    case 'measureDatabase':
      await measureDatabase(actor, addon.metadata.uid, action.access, signal);
      return DONE;
    case 'issueCertificate': {
      const { object, live } = action;
      return await withFindings(actor, addon, kinds.Secret as Kind<KubeObject>, object, async () => {
        const secret = await certificateSecret(action, new Date(actor.clock.now()));
        if (live === undefined)
          return await create(actor, addon, { do: 'create', kind: kinds.Secret, object: secret }, signal);
        record(
          actor,
          kinds.Secret,
          await actor.client.replace(kinds.Secret as Kind<KubeObject>, secret, signal),
        );
        return DONE;
      });
    }
    case 'diagnose': {
      const diagnosis = await readEvents(actor.client, addon.metadata.namespace ?? '', action.names, signal);
      actor.memories.update(addon.metadata.uid, { diagnosis: { ...diagnosis, atMs: actor.clock.now() } });
      return DONE;
    }
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
    case 'Foreign': {
      const message = `${kind.kind} ${name} exists and was not made by this operator: it is left alone. Delete or rename it, or give the addon another name.`;
      find(actor, addon, { target: `${kind.kind}/${name}`, reason: STALLED_REASON.nameConflict, message });
      return REFUSED;
    }
  }
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
    const refusal = refusalOf(error, kind.kind, object.metadata?.name ?? '');
    if (refusal === undefined) throw error;
    find(actor, addon, { target: `${kind.kind}/${object.metadata?.name}`, ...refusal });
    return REFUSED;
  }
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
