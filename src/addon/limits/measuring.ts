import type { InfluxPlanSpec } from '../../api/influx-plan.ts';
import { maySearch } from '../../limits/cardinality.ts';
import { secondsUntilFull } from '../../limits/forecast.ts';
import { nextInterval } from '../../limits/interval.ts';
import { usableBytes } from '../../limits/storage.ts';
import type { Action, DatabaseAccess } from '../decision/action.ts';
import { hashOf } from '../world/hash.ts';
import type { World } from '../world/world.ts';
import type { Measured } from '../world/memory.ts';
import { seriesLevelOf } from './cardinality.ts';
import { sizesOfVolume, storagePicture } from './volume.ts';

/** Between two measurements of a database that is far from its limits. */
export const CALM_MS = 10 * 60_000;
/** Of that, within which a database whose size is not known is asked for the first time. */
const FIRST_SHARE = 1 / 5;
/** What grows is looked for again so rarely. */
const SEARCH_AGAIN_MS = 6 * 3_600_000;

export interface Measuring {
  readonly action: Action | undefined;
  /** Until the next measurement; undefined while it is not to be measured. */
  readonly wakeMs: number | undefined;
}

/** Whether it is time to ask the database how large it is, or what in it grows. Only of one that answers, and is known to. */
export function measuring(
  world: World,
  plan: InfluxPlanSpec,
  access: DatabaseAccess,
  nowMs: number,
): Measuring {
  const { measured } = world.memory;
  if (isSearchDue(world, plan.limits.series, nowMs))
    return {
      action: { do: 'findGrowing', access, level: seriesLevelOf(world, plan.limits.series) },
      wakeMs: 0,
    };
  const wakeMs =
    measured?.podUid === access.podUid
      ? nextMs(world, plan, measured, nowMs)
      : untilTurn(world, calmMsOf(world) * FIRST_SHARE, nowMs);
  const action = wakeMs > 0 ? undefined : measureAction(world, access);
  return { action, wakeMs };
}

export function measureAction(world: World, access: DatabaseAccess): Action {
  return { do: 'measureDatabase', access, volumeBytes: sizesOfVolume(world)?.actualBytes };
}

function calmMsOf({ settings }: World): number {
  return settings.measureEveryMs ?? CALM_MS;
}

function nextMs(world: World, plan: InfluxPlanSpec, measured: Measured, nowMs: number): number {
  // Whether a volume that has grown is still full is worth a question of its own.
  if (measured.full && measured.volumeBytes !== sizesOfVolume(world)?.actualBytes) return 0;
  const age = nowMs - measured.askedMs;
  const interval = nextInterval({
    calmMs: calmMsOf(world),
    tookMs: measured.tookMs,
    beforeMs: measured.gapMs,
    ...nearest(world, plan),
  });
  return age < 0 ? 0 : Math.max(0, interval - age);
}

/** How much of its limits the database has used, and how soon one is reached: also by what came in of late. */
function nearest(
  world: World,
  { limits }: InfluxPlanSpec,
): { share: number; untilLimitMs: number | undefined } {
  const { measured } = world.memory;
  const picture = storagePicture(world);
  const volume = sizesOfVolume(world);
  const series = (measured?.figures?.series ?? 0) / limits.series;
  if (picture === undefined || volume === undefined) return { share: series, untilLimitMs: undefined };
  const usable = usableBytes(volume.actualBytes);
  const [last, before] = (measured?.samples ?? []).toReversed();
  const lately =
    last === undefined || before === undefined
      ? undefined
      : ((last.bytes - before.bytes) / Math.max(1, last.atMs - before.atMs)) * 1000;
  const seconds = [picture.secondsUntilFull, secondsUntilFull(lately, usable - picture.usedBytes)].filter(
    (each): each is number => each !== undefined,
  );
  return {
    share: Math.max(series, picture.level === 'Full' ? 1 : picture.usedBytes / usable),
    untilLimitMs: seconds.length === 0 ? undefined : Math.min(...seconds) * 1000,
  };
}

/**
 * A moment of its own for each addon, so that neither a thousand new ones nor a new operator, which knows nothing of
 * any, asks a thousand databases at once.
 */
function untilTurn({ addon, memory }: World, periodMs: number, nowMs: number): number {
  const { database } = memory;
  if (database === undefined) return periodMs;
  const draw = Number.parseInt(
    Buffer.from(hashOf(addon.metadata.uid), 'base64url').toString('hex').slice(0, 8),
    16,
  );
  const sinceMs = Math.min(nowMs, database.sinceMs ?? database.askedMs);
  return Math.max(0, sinceMs + (draw % Math.max(1, periodMs)) - nowMs);
}

/** What grows is told with the condition, so it is found out before: once for each level. */
function isSearchDue(world: World, limit: number, nowMs: number): boolean {
  const { measured, growing } = world.memory;
  if (measured?.figures === undefined || measured.silentSinceMs !== undefined) return false;
  const level = seriesLevelOf(world, limit);
  if (level === 'Within' || !maySearch(measured.figures.series, limit)) return false;
  return growing === undefined || growing.level !== level || nowMs - growing.atMs >= SEARCH_AGAIN_MS;
}
