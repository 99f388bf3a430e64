import { type Actor, type Outcome, REFUSED } from './actor.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { STALLED_REASON, type StalledReason } from '../../api/reasons.ts';
import { withFinding } from '../decision/findings.ts';
import { bindingName } from '../rights/role-binding.ts';
import type { Finding } from '../world/memory.ts';
import * as kinds from '../../kube/objects/kinds.ts';

/** Runs a write; a refusal that only a user or an administrator can mend is kept instead of tried again at once. */
export async function withFindings(
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
export function isForWantOfRights(error: ApiError, kind: Kind<KubeObject>): boolean {
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

export function refusalOf(
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

export function find(
  actor: Actor,
  addon: Live<InfluxAddon>,
  what: Omit<Finding, 'generation' | 'untilMs'>,
): void {
  const { uid } = addon.metadata;
  const finding = findingNow(addon, what, actor.clock.now());
  actor.memories.update(uid, { findings: withFinding(actor.memories.get(uid).findings, finding) });
}

/** What was found now, and until when it is not tried again. */
export function findingNow(
  { metadata: { generation = 0 } }: Live<InfluxAddon>,
  what: Omit<Finding, 'generation' | 'untilMs'>,
  nowMs: number,
): Finding {
  const waitMs = Math.min(FINDING_MS * 2 ** ((what.times ?? 1) - 1), LONGEST_MS);
  return { ...what, generation, untilMs: nowMs + waitMs };
}

/** A write refused for a reason of the user's or the cluster's is tried again this often. */
const FINDING_MS = 30_000;
/** One that failed so often in a row that it waits ever longer, at least this often. */
const LONGEST_MS = 10 * 60_000;

/** Until the cache tells that the namespace is going away, of which a refused write told first. */
const LEAVING_MS = 1_000;

/**
 * For so long after they were granted, rights may not have arrived everywhere. An API server that was started a moment
 * ago, or was given our definitions, looks every 30 s which kinds its policies may have for parameters.
 */
const NEW_RIGHTS_MS = 45_000;

const NEW_RIGHTS_RETRY_MS = 500;
