import type { Event } from 'kubernetes-types/core/v1.js';
import { ApiError } from './api/api-error.ts';
import type { KubeClient } from './api/client.ts';
import type { Clock } from './clock.ts';
import type { Kind } from './objects/kinds.ts';

/** The older of the two kinds of events: its field selectors are the ones that every server has. */
const CoreEvent: Kind<Event> = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/** Those that explain why a pod or a volume does not come. */
const TELLING = [
  'FailedCreate',
  'ProvisioningFailed',
  'FailedBinding',
  'FailedAttachVolume',
  'FailedMount',
  'ClaimLost',
  'FailedScheduling',
];

/** Whoever looks again sees what is newer than this. */
const KEPT_MS = 3_000;
/** What lies behind these pages of a namespace is not read. */
const MAX_PAGES = 20;
/** Of all namespaces together. */
const MAX_MESSAGES = 10_000;
const MAX_LENGTH = 1_024;

/** Of one object: what was said of it last. */
interface Word {
  readonly at: string;
  readonly message: string;
}

type Words = ReadonlyMap<string, Word>;

interface Reading {
  readonly words: Promise<Words>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * The warnings of a namespace. No selector takes two names, and no server has an index for one, so that one list for all
 * that ask at the same time costs as much as one for each: a crowd in trouble asks once in a while.
 */
export class WarningEvents {
  readonly #client: Pick<KubeClient, 'pages'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #readings = new Map<string, Reading>();
  /** The oldest first. */
  readonly #kept = new Map<string, { readonly words: Words; readonly atMs: number }>();

  constructor(client: Pick<KubeClient, 'pages'>, clock: Pick<Clock, 'monotonic'>) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The newest that explains what is the matter with one of these objects; no status says it. */
  async newest(
    namespace: string,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const words = await this.#words(namespace, signal);
    const [first] = names
      .flatMap((name) => words.get(name) ?? [])
      .toSorted((a, b) => (a.at === b.at ? 0 : a.at < b.at ? 1 : -1));
    return first?.message;
  }

  async #words(namespace: string, signal: AbortSignal): Promise<Words> {
    signal.throwIfAborted();
    const kept = this.#kept.get(namespace);
    if (kept !== undefined && !this.#isOld(kept)) return kept.words;
    const reading = this.#readings.get(namespace) ?? this.#begin(namespace);
    reading.waiting += 1;
    try {
      return await unlessAborted(reading.words, signal);
    } finally {
      reading.waiting -= 1;
      // The one that began it may go while others wait.
      if (reading.waiting === 0) this.#end(namespace, reading);
    }
  }

  #begin(namespace: string): Reading {
    const stop = new AbortController();
    const words = this.#read(namespace, stop.signal);
    const reading: Reading = { words, stop, waiting: 0 };
    this.#readings.set(namespace, reading);
    words.then(
      (found) => {
        if (!stop.signal.aborted) this.#keep(namespace, found);
        this.#end(namespace, reading);
      },
      () => this.#end(namespace, reading),
    );
    return reading;
  }

  #end(namespace: string, reading: Reading): void {
    reading.stop.abort();
    if (this.#readings.get(namespace) === reading) this.#readings.delete(namespace);
  }

  #keep(namespace: string, words: Words): void {
    this.#kept.delete(namespace);
    let room = MAX_MESSAGES - words.size;
    for (const [other, kept] of [...this.#kept].toReversed()) {
      room -= Math.max(1, kept.words.size);
      if (room < 0 || this.#isOld(kept)) this.#kept.delete(other);
    }
    this.#kept.set(namespace, { words, atMs: this.#clock.monotonic() });
  }

  #isOld({ atMs }: { readonly atMs: number }): boolean {
    return this.#clock.monotonic() - atMs >= KEPT_MS;
  }

  async #read(namespace: string, signal: AbortSignal): Promise<Words> {
    try {
      return await this.#readPages(namespace, signal);
    } catch (error) {
      // The page token expired on the way.
      if (!ApiError.from(error).isGone) throw error;
      return this.#readPages(namespace, signal);
    }
  }

  async #readPages(namespace: string, signal: AbortSignal): Promise<Words> {
    const words = new Map<string, Word>();
    let pages = 0;
    const options = { namespace, fieldSelector: 'type=Warning' };
    for await (const { items } of this.#client.pages(CoreEvent, options, signal)) {
      for (const { reason = '', involvedObject, message, ...times } of items) {
        if (!TELLING.includes(reason) || message === undefined) continue;
        const { name = '' } = involvedObject;
        const at = timeOf(times);
        if (at >= (words.get(name)?.at ?? '')) words.set(name, { at, message: message.slice(0, MAX_LENGTH) });
      }
      pages += 1;
      if (pages === MAX_PAGES) break;
    }
    return words;
  }
}

function timeOf(event: Pick<Event, 'series' | 'lastTimestamp' | 'eventTime'>): string {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? '';
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
