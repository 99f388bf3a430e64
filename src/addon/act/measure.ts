import type { EngineSession } from '../../influx/engine.ts';
import { InfluxError } from '../../influx/influx-error.ts';
import type { SeriesLevel } from '../../limits/cardinality.ts';
import { withSample } from '../../limits/forecast.ts';
import { diskUsed } from '../../limits/storage.ts';
import { asAdministrator, attempt, type Tools, userClient } from './session.ts';
import type { DatabaseAccess, MeasureDatabaseAction } from '../decision/action.ts';
import type { Measured } from '../world/memory.ts';

const SAME_SILENCE_MS = 30_000;

/**
 * Asks how large the database is: one request and, when writes to its log have failed since the last time, the three
 * of a probe, which tell whether the volume is full. Never throws for the database's sake.
 */
export async function measureDatabase(
  actor: Tools,
  uid: string,
  { access, volumeBytes }: MeasureDatabaseAction,
  signal: AbortSignal,
): Promise<void> {
  const before = actor.memories.get(uid).measured;
  const startedMs = actor.clock.monotonic();
  const answer = await attempt(signal, async () => ({
    ok: true as const,
    figures: (await asAdministrator(actor, access, (client) => client.readFigures(access.id, signal))).value,
  }));
  const tookMs = actor.clock.monotonic() - startedMs;
  const askedMs = actor.clock.now();
  const gapMs = before === undefined ? undefined : Math.max(0, askedMs - before.askedMs);
  const { podUid } = access;
  // A silence that nobody listened to in between is another one.
  const since = askedMs - (before?.askedMs ?? 0) < SAME_SILENCE_MS ? before?.silentSinceMs : undefined;
  const { figures, figuresMs, samples = [] } = before ?? {};
  const full = answer.ok
    ? await isFull(actor, access, before, answer.figures.logErrors, signal)
    : (before?.full ?? false);
  // A database that does not answer is not known to be full.
  const fullBytes = smallestFull(before, podUid, answer.ok && full ? volumeBytes : undefined);
  const asked = { podUid, askedMs, gapMs, volumeBytes, full, fullBytes };
  const measured: Measured = answer.ok
    ? {
        ...asked,
        tookMs,
        figures: answer.figures,
        figuresMs: askedMs,
        silentSinceMs: undefined,
        samples: withSample(samples, { atMs: askedMs, bytes: diskUsed(answer.figures) }),
      }
    : { ...asked, tookMs: undefined, figures, figuresMs, silentSinceMs: since ?? askedMs, samples };
  actor.memories.update(uid, { measured });
}

/** What a pod could not write while it was full stays in its log for as long as it runs. */
export function smallestFull(
  before: Pick<Measured, 'podUid' | 'fullBytes'> | undefined,
  podUid: string,
  fullAt: number | undefined,
): number | undefined {
  return (before?.podUid === podUid ? before.fullBytes : undefined) ?? fullAt;
}

/** For all that is asked about what grows: a repair that is needed meanwhile waits for it. */
const SEARCH_MS = 15_000;

/** Finds out what most of the series are. What cannot be found out in time is not asked for again soon. */
export async function findGrowing(
  actor: Tools,
  uid: string,
  access: DatabaseAccess,
  level: SeriesLevel,
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  const timer = actor.clock.after(SEARCH_MS, () =>
    late.abort(new InfluxError('Timeout', 'no answer in time')),
  );
  const budget = AbortSignal.any([signal, late.signal]);
  const ask = (client: EngineSession) => client.findGrowing(access.id, budget);
  const answer = await attempt(signal, async () => ({
    ok: true as const,
    found: (await asAdministrator(actor, access, ask, SEARCH_MS)).value,
  })).finally(() => timer.cancel());
  const found = answer.ok ? answer.found : undefined;
  actor.memories.update(uid, { growing: { atMs: actor.clock.now(), level, found } });
}

/**
 * The engine's figures are too coarse to tell the last percent: a write tells, as the application's user. Tried only
 * while there is a reason: every counted failure may have had another.
 */
async function isFull(
  actor: Tools,
  access: DatabaseAccess,
  before: Measured | undefined,
  logErrors: number,
  signal: AbortSignal,
): Promise<boolean> {
  // The engine counts from its start.
  const known = before?.podUid === access.podUid ? (before.figures?.logErrors ?? 0) : 0;
  if (logErrors === known && before?.full !== true) return false;
  const failure = await attempt(signal, async () => {
    await userClient(actor, access, access).probe(access.id, signal);
    return undefined;
  });
  return failure !== undefined && /no space left on device/.test(failure.message);
}
