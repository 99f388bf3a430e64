import type { PodSpec } from 'kubernetes-types/core/v1.js';
import type { KubeClient } from '../../kube/api/client.ts';
import type { Pod } from '../../kube/objects/kinds.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import { fitsWithout, isAboutQuota, isShortFor } from '../../kube/objects/quota.ts';
import { standIn } from '../../kube/objects/stand-in.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { DryRunAction } from '../decision/action.ts';
import type { DryRun } from '../world/memory.ts';
import { type Actor, type Outcome, DONE, SURPRISED } from './actor.ts';
import { isForWantOfRights, refusalOf } from './refusals.ts';

/** A change that was taken is made within this, or asked about anew. */
const TAKEN_MS = 60_000;
/** What was refused is asked again after this: what refused it, a quota say, may have changed. */
const REFUSED_MS = 30_000;
/** Who cannot say for this long is not asked any more. */
const UNKNOWN_MS = 10 * 60_000;
/** Questions with more between them are not of the same trouble: those of one are at most a minute apart. */
const APART_MS = 2 * 60_000;

const COUNTS_MS = { Taken: TAKEN_MS, Refused: REFUSED_MS, Unknown: 0 } as const;

/**
 * Asks the API server whether it would take a change. Its verdict is kept, not told: the next decision goes by it. Throws
 * ApiError for what is no verdict.
 */
export async function dryRun(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: DryRunAction,
  signal: AbortSignal,
): Promise<Outcome> {
  const { memories, clock } = actor;
  const { uid, generation = 0 } = addon.metadata;
  const before = memories.get(uid).dryRun;
  const now = clock.now();
  const keep = (answer: Pick<DryRun, 'verdict' | 'refusal'>): void =>
    memories.update(uid, { dryRun: keptAnswer(before, { of: action.of, generation, ...answer }, now) });
  for (const { verb, kind, object } of action.writes) {
    try {
      await actor.client.dryRun(verb, kind, object, signal);
    } catch (reason) {
      const error = ApiError.from(reason);
      if (error.isNamespaceTerminating) return { result: 'wait', ms: 1_000 };
      if (isTaken(error) || isForWantOfRights(error, kind)) continue;
      const pod = kind.plural === kinds.Pod.plural ? (object as Pod) : undefined;
      const standing = pod ? await standingWithout(actor, error, pod, action.leaving, signal) : error;
      if (standing === undefined) continue;
      const refusal = refusalOf(standing, kind.kind, object.metadata?.name ?? '');
      if (refusal !== undefined) {
        const of = standing === error ? '' : '; requested is what it uses beyond the present pod';
        const told = { ...refusal, message: refusal.message + of };
        keep({ verdict: 'Refused', refusal: told });
        return SURPRISED;
      }
      if (!error.isTransient) throw error;
      if (isPastAsking(before, action.of, now)) continue;
      keep({ verdict: 'Unknown' });
      throw error;
    }
  }
  keep({ verdict: 'Taken' });
  return DONE;
}

/** What is kept of an answer, and until when it counts. */
export function keptAnswer(
  before: DryRun | undefined,
  answer: Omit<DryRun, 'sinceMs' | 'untilMs'>,
  nowMs: number,
): DryRun {
  const sinceMs = answer.verdict === 'Unknown' ? unknownSince(before, answer.of, nowMs) : nowMs;
  return { ...answer, sinceMs, untilMs: nowMs + COUNTS_MS[answer.verdict] };
}

/** Nobody could say for so long that the change is made without an answer. */
export function isPastAsking(before: DryRun | undefined, of: string, nowMs: number): boolean {
  return nowMs - unknownSince(before, of, nowMs) >= UNKNOWN_MS;
}

function unknownSince(before: DryRun | undefined, of: string, nowMs: number): number {
  const isSame = before?.verdict === 'Unknown' && before.of === of && nowMs - before.untilMs < APART_MS;
  return isSame ? before.sinceMs : nowMs;
}

/** The name is looked at last. And there are webhooks that are not to be asked; some are not even asked to say so. */
function isTaken(error: ApiError): boolean {
  return error.isAlreadyExists || /does not support dry run/i.test(error.message);
}

/**
 * What stands against a pod once the present one has left: undefined where there is room by then in the quota that refused
 * it. The present one is asked for whole, as the cache does not keep what its containers may use.
 */
async function standingWithout(
  { client }: Actor,
  error: ApiError,
  next: Pod,
  present: Live<Pod> | undefined,
  signal: AbortSignal,
): Promise<ApiError | undefined> {
  if (present === undefined || !error.isForbidden || !isAboutQuota(error.message)) return error;
  const { name, namespace = '', uid } = present.metadata;
  const leaving = await client.get(kinds.Pod, { name, namespace }, signal);
  if (leaving?.metadata.uid !== uid || leaving.spec === undefined) return undefined;
  const wanted = next.spec?.priorityClassName ?? '';
  // Which quotas count a pod may go by its class. The class of one that named none is filled in when it is made.
  const isSameClass = wanted === '' || wanted === (leaving.spec.priorityClassName ?? '');
  const hasRoom = isSameClass && fitsWithout(error.message, leaving.spec);
  return hasRoom ? await refusedBeyond(client, next, leaving.spec, signal) : error;
}

/**
 * The API server looks no further than the first quota that is exceeded. So it is asked about a pod that takes only what
 * the leaving one does not make room for; of what it says about that one, only the word of a quota counts.
 */
async function refusedBeyond(
  client: KubeClient,
  next: Pod,
  leaving: PodSpec,
  signal: AbortSignal,
): Promise<ApiError | undefined> {
  const asked = next.spec && standIn(next.spec, leaving);
  if (asked === undefined) return undefined;
  try {
    await client.dryRun('create', kinds.Pod, { ...next, spec: asked }, signal);
    return undefined;
  } catch (reason) {
    const error = ApiError.from(reason);
    return error.isForbidden && isShortFor(error.message, asked) ? error : undefined;
  }
}
