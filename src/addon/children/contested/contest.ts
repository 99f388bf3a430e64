import { READY_REASON, STALLED_REASON } from '../../../api/reasons.ts';
import { activeFindings, targetOf } from '../../decision/findings.ts';
import type { Outcome } from '../../decision/outcome.ts';
import type { Picture } from '../../decision/picture.ts';
import type { Scene } from '../../decision/story.ts';
import type { Children } from '../../world/children.ts';
import type { Finding } from '../../world/memory.ts';
import type { World } from '../../world/world.ts';
import type { ChildChange } from '../changes.ts';
import { lately, turnOf } from './repairs.ts';

/** A child that somebody else changes back each time that it is put right. */
export interface Contest {
  readonly message: string;
  readonly isHarmless: boolean;
  /** Left as it is until then; milliseconds since the epoch. */
  readonly untilMs: number;
  /** What is not done until then; undefined while the child is as it should be, for how long nobody knows. */
  readonly withheld?: { readonly slot: keyof Children; readonly finding: Finding };
}

/**
 * Of what has to be done, what was put right a moment ago and did not last: it waits, and the rest goes on as if it were
 * done. Each change gets to know how often in a row it is made.
 */
export function judgeRepairs(
  { addon, memory }: Pick<World, 'addon' | 'memory'>,
  changes: readonly ChildChange[],
  nowMs: number,
): { readonly changes: readonly ChildChange[]; readonly contests: readonly Contest[] } {
  const contests: Contest[] = [];
  const targets = new Set<string>();
  const judged = changes.map((change): ChildChange => {
    const { action, mends, slot } = change;
    const target = targetOf(action);
    if (mends === undefined || target === undefined || (action.do !== 'create' && action.do !== 'replace'))
      return change;
    const { times, dueMs } = turnOf(memory.repairs?.get(target), mends, nowMs);
    if (dueMs > nowMs) {
      const { paths, isHarmless } = mends;
      const message = messageOf(target, paths);
      const reason = STALLED_REASON.changedBack;
      const { generation = 0 } = addon.metadata;
      const finding: Finding = { target, reason, message, generation, untilMs: dueMs };
      contests.push({ message, isHarmless, untilMs: dueMs, withheld: { slot, finding } });
      targets.add(target);
    }
    const { of, paths, endsPod, isHarmless } = mends;
    return { ...change, action: { ...action, repair: { of, paths, endsPod, isHarmless, times } } };
  });
  for (const [target, repairs] of memory.repairs ?? []) {
    const isChild = !target.includes(' ') && !targets.has(target);
    const found = isChild ? lately(repairs, nowMs) : undefined;
    if (found !== undefined) contests.push({ ...found, message: messageOf(target, found.paths) });
  }
  // Nothing that is asked for waits for the finalizer.
  for (const { target, message, untilMs } of activeFindings({ addon, memory }, nowMs))
    if (target === `InfluxAddon/${addon.metadata.name}`)
      contests.push({ message, isHarmless: true, untilMs });
  return { changes: judged, contests };
}

/** Whatever is told of the addon, tells of it, too; and looks again when its time has come. */
export function tellingContests(
  { contests, now }: Scene & { readonly contests: readonly Contest[] },
  outcome: Outcome,
): Outcome {
  if (outcome.ends === 'Act' || contests.length === 0) return outcome;
  const wakeMs = Math.min(...contests.map(({ untilMs }) => untilMs - now.getTime()));
  const requeueAfterMs = Math.min(wakeMs, outcome.requeueAfterMs ?? Infinity);
  if (outcome.ends === 'Rest') return { ...outcome, requeueAfterMs };
  return { ...outcome, requeueAfterMs, picture: contests.reduce(withContest, outcome.picture) };
}

function withContest(picture: Picture, { message, isHarmless }: Contest): Picture {
  const { ready, refusal } = picture;
  if (refusal?.message.includes(message)) return picture;
  if (isHarmless && refusal === undefined)
    return { ...picture, ready: { ...ready, message: `${ready.message}. ${message}` } };
  const stalled =
    refusal === undefined
      ? { reason: STALLED_REASON.changedBack, message }
      : { ...refusal, message: `${refusal.message} ${message}` };
  const told = ready.status
    ? { status: false, reason: READY_REASON.blocked, message: stalled.message }
    : { ...ready, message: `${ready.message}. ${message}` };
  return { ...picture, refusal: stalled, ready: told };
}

export const WHAT_TO_DO =
  'Find out who that is (an admission webhook, a controller, a GitOps tool), and have it leave this object alone.';

/** So many paths say what it is about. */
const SHOWN = 3;

export function messageOf(target: string, paths: readonly string[]): string {
  const what = target.replace('/', ' ');
  const isMissing = paths[0] === 'missing';
  const shown = paths.slice(0, SHOWN).join(', ') + (paths.length > SHOWN ? ' and more' : '');
  const does = isMissing ? 'deletes it' : `sets ${shown} otherwise`;
  return `${what}: somebody else ${does} each time that the operator puts it right; it is tried again ever more rarely. ${WHAT_TO_DO}`;
}
