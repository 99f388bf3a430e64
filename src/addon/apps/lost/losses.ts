import type { AppStatus } from '../../../api/influx-addon.ts';

type Lost = NonNullable<AppStatus['lost']>;

/** Somebody who takes the variables out so often within this time means it; so they are added again only so often. */
const OFTEN = 5;
const WITHIN_MS = 10 * 60_000;
const AGAIN_MS = 60 * 60_000;

export interface Loss {
  /** What is to be remembered of it. */
  readonly lost: Lost;
  /** Until the variables are added again, milliseconds; 0 for now. */
  readonly waitMs: number;
}

/**
 * The variables were taken out of the very template that they were injected into. A deployment of the same manifest does
 * that, too, so it is mended each time; but not for ever against somebody who does it again and again.
 *
 * @param generation of the addon's spec: edited, it is tried again at once
 */
export function lossOf(before: Lost | undefined, generation: number, now: Date): Loss {
  const nowMs = now.getTime();
  const { at = [], contestedAt, triedAt } = before ?? {};
  if (before !== undefined && contestedAt !== undefined) {
    const leftMs = Math.min(Date.parse(contestedAt), nowMs) + AGAIN_MS - nowMs;
    if (before.generation === generation && leftMs > 0) return { lost: before, waitMs: leftMs };
    return { lost: { at, generation, triedAt: now.toISOString() }, waitMs: 0 };
  }
  const recent = at.filter((each) => nowMs - Date.parse(each) < WITHIN_MS);
  const lost: Lost = { at: [...recent, now.toISOString()].slice(-OFTEN), generation };
  const isLostAgain = triedAt !== undefined && nowMs - Date.parse(triedAt) < WITHIN_MS;
  const isEdited = before !== undefined && before.generation !== generation;
  if (isEdited || (lost.at.length < OFTEN && !isLostAgain)) return { lost, waitMs: 0 };
  return { lost: { ...lost, contestedAt: now.toISOString() }, waitMs: AGAIN_MS };
}
