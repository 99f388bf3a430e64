import { randomBytes } from 'node:crypto';
import { ApiError } from './api/api-error.ts';
import type { KubeClient } from './api/client.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { Event } from './objects/kinds.ts';
import type { Logger } from './log.ts';
import { silentLogger } from './log.ts';
import { microTime } from './objects/micro-time.ts';
import { TokenBucket } from './control/token-bucket.ts';
import type { KubeObject, Live } from './objects/types.ts';

export interface EventRecorderOptions {
  client: KubeClient;
  /** A qualified name, as in `influxaddon.dev/operator`. */
  reportingController: string;
  /** Which instance: the pod's name. */
  reportingInstance: string;
  clock?: Clock;
  log?: Logger;
}

export interface EventFields {
  type: 'Normal' | 'Warning';
  /** CamelCase, why: `Provisioned`. */
  reason: string;
  /** CamelCase, what was done about it: `CreateStatefulSet`. */
  action: string;
  /** For people, at most 1 KiB; longer ones are cut. */
  note: string;
}

/** One Event object and what it counts. */
interface Series {
  key: string;
  event: Event;
  /** Occurrences, and how many of them the API server knows of. */
  count: number;
  written: number;
  lastAt: number;
  queued: boolean;
  /** Of two writes at once the second would not know whether the Event is there. */
  writing: boolean;
}

/**
 * Tells what happened to an object as Events. What repeats within six minutes of its last time becomes the
 * series of one Event. Best effort: a few writes at a time, few a minute for each object, and nothing is thrown. Warnings
 * are written first, and dropped last.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** By object, reason and note; the oldest use first. */
  readonly #series = new Map<string, Series>();
  /** By the object's uid; the oldest use first. */
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #waiting: Record<EventFields['type'], Series[]> = { Warning: [], Normal: [] };
  readonly #writers = new Set<Promise<void>>();
  /** Ends the writes that are under way. */
  #givenUp = new AbortController();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
  }

  event(regarding: Live<KubeObject>, fields: EventFields): void {
    const now = this.#clock.monotonic();
    const key = [regarding.metadata.uid, fields.type, fields.reason, fields.note].join('\n');
    const known = this.#series.get(key);
    const series =
      known && now - known.lastAt < SERIES_MS
        ? known
        : {
            key,
            event: this.#build(regarding, fields),
            count: 0,
            written: 0,
            lastAt: now,
            queued: false,
            writing: false,
          };
    series.count++;
    series.lastAt = now;
    touch(this.#series, key, series);
    if (series.queued || !this.#bucketOf(regarding).take()) return;
    if (!this.#makeRoom(fields)) return;
    series.queued = true;
    this.#waiting[fields.type].push(series);
    if (this.#writers.size >= WRITERS) return;
    const writer: Promise<void> = this.#writeAll().finally(() => this.#writers.delete(writer));
    this.#writers.add(writer);
  }

  /** Resolves when what was told until now is written or was given up, which it is when that takes long. */
  async flush(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#clock.after(FLUSH_MS, () => resolve(true));
    for (let isLate = false; this.#writers.size > 0 && !isLate; )
      isLate = (await Promise.race([...this.#writers, late])) === true;
    timer.cancel();
    if (this.#writers.size > 0) this.#giveUp();
  }

  #giveUp(): void {
    const waiting = Object.values(this.#waiting).flatMap((queue) => queue.splice(0));
    for (const series of waiting) series.queued = false;
    const given = waiting.length + this.#writers.size;
    this.#log.warn({ events: given }, 'Events were given up: they could not be written in time');
    this.#givenUp.abort();
    this.#givenUp = new AbortController();
  }

  /** False: it is this one that is dropped. */
  #makeRoom({ type, reason }: EventFields): boolean {
    const { Warning, Normal } = this.#waiting;
    if (Warning.length + Normal.length < QUEUE_LIMIT) return true;
    // The latest goes: the earlier ones tell how it began.
    const dropped = type === 'Warning' ? Normal.pop() : undefined;
    if (dropped !== undefined) dropped.queued = false;
    this.#log.warn({ reason: dropped?.event.reason ?? reason }, 'an Event was dropped: too many are waiting');
    return dropped !== undefined;
  }

  #next(): Series | undefined {
    for (const queue of [this.#waiting.Warning, this.#waiting.Normal]) {
      const at = queue.findIndex(({ writing }) => !writing);
      if (at >= 0) return queue.splice(at, 1)[0];
    }
    return undefined;
  }

  async #writeAll(): Promise<void> {
    for (let series = this.#next(); series; series = this.#next()) {
      series.queued = false;
      series.writing = true;
      try {
        await this.#write(series);
      } catch (error) {
        const failure = ApiError.from(error);
        const level = failure.isNamespaceTerminating || failure.isNotFound ? 'debug' : 'warn';
        this.#log[level](
          { reason: series.event.reason, error: failure.message },
          'an Event could not be written',
        );
      } finally {
        series.writing = false;
      }
    }
  }

  async #write(series: Series): Promise<void> {
    const { client } = this.#options;
    const { count, event } = series;
    const signal = AbortSignal.any([AbortSignal.timeout(WRITE_TIMEOUT_MS), this.#givenUp.signal]);
    if (series.written === 0) {
      await client.create(Event, event, signal);
      series.written = 1;
      // What came while we wrote goes into its series.
      if (count === 1) return;
    }
    const { namespace = '', name = '' } = event.metadata ?? {};
    const lastObservedTime = microTime(this.#clock.now() - (this.#clock.monotonic() - series.lastAt));
    try {
      await client.patch(
        Event,
        { namespace, name },
        { series: { count, lastObservedTime } },
        { type: 'merge' },
        signal,
      );
      series.written = count;
    } catch (error) {
      // The API server forgets Events after an hour: this one begins anew at its next occurrence.
      if (ApiError.from(error).isNotFound) this.#series.delete(series.key);
      throw error;
    }
  }

  #build(regarding: Live<KubeObject>, fields: EventFields): Event {
    const { name, uid, resourceVersion } = regarding.metadata;
    // Events about cluster-scoped objects live in the namespace "default".
    const namespace = regarding.metadata.namespace ?? 'default';
    const { apiVersion, kind } = regarding;
    return {
      metadata: { namespace, name: `${name.slice(0, 230)}.${randomBytes(8).toString('hex')}` },
      eventTime: microTime(this.#clock.now()),
      reportingController: this.#options.reportingController,
      reportingInstance: this.#options.reportingInstance.slice(0, 128),
      type: fields.type,
      reason: fields.reason.slice(0, 128),
      action: fields.action.slice(0, 128),
      note: cut(fields.note),
      regarding: {
        ...(apiVersion === undefined ? {} : { apiVersion }),
        ...(kind === undefined ? {} : { kind }),
        ...(regarding.metadata.namespace === undefined ? {} : { namespace }),
        name,
        uid,
        resourceVersion,
      },
    };
  }

  #bucketOf(regarding: Live<KubeObject>): TokenBucket {
    const { uid } = regarding.metadata;
    const bucket = this.#buckets.get(uid) ?? new TokenBucket(this.#clock, { burst: 15, refillMs: 60_000 });
    touch(this.#buckets, uid, bucket);
    return bucket;
  }
}

/** As in client-go: within that time of the last occurrence, the next one belongs to the same series. */
const SERIES_MS = 6 * 60_000;
const QUEUE_LIMIT = 1_000;
const REMEMBERED = 4_096;
const WRITE_TIMEOUT_MS = 10_000;
/** At the goal of 36 addons a second and 20 ms for a write, one writer would be left behind. */
const WRITERS = 4;
/** A process that is told to end has seconds, and its Lease to give back. */
const FLUSH_MS = 2_000;

/** Puts the entry last and drops the first ones beyond the limit. */
function touch<V>(entries: Map<string, V>, key: string, value: V): void {
  entries.delete(key);
  entries.set(key, value);
  for (const oldest of entries.keys()) {
    if (entries.size <= REMEMBERED) return;
    entries.delete(oldest);
  }
}

/** To 1 KiB of UTF-8, the API's limit, without splitting a character. */
function cut(note: string): string {
  if (Buffer.byteLength(note) <= 1024) return note;
  const kept = Buffer.from(note)
    .subarray(0, 1021)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${kept}…`;
}
