import type { Pod } from '../../kube/objects/kinds.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import { fitsWithout, isAboutQuota } from '../../kube/objects/quota.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
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
      if (kind.plural === kinds.Pod.plural && (await hasRoom(actor, error, object, action.leaving, signal)))
        continue;
      const refusal = refusalOf(error, kind.kind, object.metadata?.name ?? '');
      if (refusal !== undefined) {
        keep({ verdict: 'Refused', refusal });
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
 * Whether it was refused for a quota in which there is room once the present pod has left; it is asked for whole, as the
 * cache does not keep what its containers may use.
 */
async function hasRoom(
  { client }: Actor,
  error: ApiError,
  next: KubeObject,
  present: Live<Pod> | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (present === undefined || !error.isForbidden || !isAboutQuota(error.message)) return false;
  const { name, namespace = '', uid } = present.metadata;
  const leaving = await client.get(kinds.Pod, { name, namespace }, signal);
  if (leaving?.metadata.uid !== uid || leaving.spec === undefined) return true;
  const wanted = (next as Pod).spec?.priorityClassName ?? '';
  // Which quotas count a pod may go by its class. The class of one that named none is filled in when it is made.
  const isSameClass = wanted === '' || wanted === (leaving.spec.priorityClassName ?? '');
  return isSameClass && fitsWithout(error.message, leaving.spec);
}
