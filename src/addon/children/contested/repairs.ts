import type { Repair } from '../../decision/action.ts';
import type { Repairs } from '../../world/memory.ts';

/** What a child lacks of what is wanted of it. */
export interface Mends {
  /** Hash of what is wanted. */
  readonly of: string;
  /** It was wanted when the child was last written: somebody has changed it since. */
  readonly again: boolean;
  /** Of the live object; undefined where there is none. */
  readonly generation: number | undefined;
  /** What differs, `missing` for an object that is not there. */
  readonly paths: readonly string[];
  /** Whether a pod is ended by putting it right, or by what comes after. */
  readonly endsPod: boolean;
  /** What is asked for is in force all the same. */
  readonly isHarmless: boolean;
}

const MINUTE_MS = 60_000;
/** What ends no pod: so often at once, then once a minute. What has lasted for so long counts as done. */
const AT_ONCE = 3;
const AGAIN_MS = MINUTE_MS;
const LASTS_MS = 10 * MINUTE_MS;
/** What ends a pod: once at once, then after these waits, the last one from then on. */
const POD_AGAIN_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS] as const;
const POD_LASTS_MS = 120 * MINUTE_MS;

/** How often in a row the same will have been put right with this time, and when it is to be; milliseconds since the epoch. */
export function turnOf(
  known: Repairs | undefined,
  mends: Mends,
  nowMs: number,
): { readonly times: number; readonly dueMs: number } {
  if (known?.of !== mends.of) return { times: mends.again ? 1 : 0, dueMs: nowMs };
  const entry = known.tries.get(whatOf(mends));
  // A clock that was set back makes nobody wait longer than from now.
  const sinceMs = Math.min(entry?.atMs ?? known.atMs, nowMs);
  const lasted = nowMs - sinceMs >= (mends.endsPod ? POD_LASTS_MS : LASTS_MS);
  const counted = lasted ? 0 : (entry?.times ?? 0);
  // Nobody has changed it since our own write: the API server itself has stored it otherwise, and will do so again.
  const stored = mends.endsPod && !lasted && known.generation === mends.generation ? 1 : 0;
  const times = Math.max(counted, stored);
  return { times: times + 1, dueMs: times === 0 ? nowMs : sinceMs + waitMs(times, mends.endsPod) };
}

/** What is known of all children once one was written; of a write that puts nothing right, what was known before. */
export function afterRepair<T extends { readonly repairs?: ReadonlyMap<string, Repairs> }>(
  memory: T,
  { target, repair }: { readonly target: string | undefined; readonly repair: Repair | undefined },
  generation: number | undefined,
  nowMs: number,
): T {
  const about = repair?.about ?? target;
  if (repair === undefined || about === undefined) return memory;
  const entry = written(memory.repairs?.get(about), repair, generation, nowMs);
  return { ...memory, repairs: new Map(memory.repairs).set(about, entry) };
}

/** What is known once a child has been written. */
export function written(
  known: Repairs | undefined,
  { of, times, ...what }: Omit<Repair, 'about'>,
  generation: number | undefined,
  nowMs: number,
): Repairs {
  const before = known?.of === of ? known.tries : [];
  const entry = { times, atMs: nowMs, paths: what.paths, isHarmless: what.isHarmless };
  return { of, generation, atMs: nowMs, tries: new Map(before).set(whatOf(what), entry) };
}

/** What has not lasted again and again, and was put right less than a minute ago: it is too early to say that it lasts. */
export function lately(
  { tries }: Repairs,
  nowMs: number,
): { readonly paths: readonly string[]; readonly isHarmless: boolean; readonly untilMs: number } | undefined {
  for (const [what, { times, atMs, paths, isHarmless }] of tries) {
    const untilMs = Math.min(atMs, nowMs) + AGAIN_MS;
    if (times > (what === POD ? 1 : AT_ONCE) && untilMs > nowMs) return { paths, isHarmless, untilMs };
  }
  return undefined;
}

/** All that ends the pod is one: it is ended once for all of it. */
const POD = 'pod';

function whatOf({ endsPod, paths }: Pick<Mends, 'endsPod' | 'paths'>): string {
  return endsPod ? POD : (paths[0] ?? '');
}

function waitMs(times: number, endsPod: boolean): number {
  if (endsPod) return POD_AGAIN_MS[Math.min(times, POD_AGAIN_MS.length) - 1] ?? 0;
  return times < AT_ONCE ? 0 : AGAIN_MS;
}
