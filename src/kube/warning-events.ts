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
/** What lies behind these pages of a namespace is not read with the others. */
const MAX_PAGES = 20;
/** Of all namespaces together. */
const MAX_MESSAGES = 10_000;
const MAX_LENGTH = 1_024;

/** Of one object: what was said of it last. */
interface Word {
  readonly at: string;
  readonly message: string;
}

interface Words {
  readonly byName: ReadonlyMap<string, Word>;
  /** There may be more than was read. */
  readonly isCut: boolean;
}

/** A namespace, or one object's name in it. */
interface Place {
  readonly namespace: string;
  readonly name?: string;
}

interface Reading {
  readonly words: Promise<Words>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * The warnings of a namespace. No selector takes two names, and no server has an index for one, so that one list for all
 * that ask at the same time costs as much as one for each: a crowd in trouble asks once in a while. Lists are in the
 * order of names: of a namespace with more warnings than are read, those of the same objects would never be seen, so
 * that of one which is not among them is asked for by its name.
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
    const words = await this.#words({ namespace }, signal);
    const found = newestOf(names, [words]);
    if (found !== undefined || !words.isCut) return found?.message;
    const each: Words[] = [];
    for (const name of new Set(names)) each.push(await this.#words({ namespace, name }, signal));
    return newestOf(names, each)?.message;
  }

  async #words(place: Place, signal: AbortSignal): Promise<Words> {
    signal.throwIfAborted();
    const key = keyOf(place);
    const kept = this.#kept.get(key);
    if (kept !== undefined && !this.#isOld(kept)) return kept.words;
    const reading = this.#readings.get(key) ?? this.#begin(place);
    reading.waiting += 1;
    try {
      return await unlessAborted(reading.words, signal);
    } finally {
      reading.waiting -= 1;
      // The one that began it may go while others wait.
      if (reading.waiting === 0) this.#end(key, reading);
    }
  }

  #begin(place: Place): Reading {
    const key = keyOf(place);
    const stop = new AbortController();
    const words = this.#read(place, stop.signal);
    const reading: Reading = { words, stop, waiting: 0 };
    this.#readings.set(key, reading);
    words.then(
      (found) => {
        if (!stop.signal.aborted) this.#keep(key, found);
        this.#end(key, reading);
      },
      () => this.#end(key, reading),
    );
    return reading;
  }

  #end(key: string, reading: Reading): void {
    reading.stop.abort();
    if (this.#readings.get(key) === reading) this.#readings.delete(key);
  }

  #keep(key: string, words: Words): void {
    this.#kept.delete(key);
    // Who asks for one name has not found it among all, and so will the next.
    const ofAll = key.slice(0, key.indexOf('/') + 1);
    let room = MAX_MESSAGES - words.byName.size;
    for (const [other, kept] of [...this.#kept].toReversed()) {
      room -= Math.max(1, kept.words.byName.size);
      if ((room < 0 && other !== ofAll) || this.#isOld(kept)) this.#kept.delete(other);
    }
    this.#kept.set(key, { words, atMs: this.#clock.monotonic() });
  }

  #isOld({ atMs }: { readonly atMs: number }): boolean {
    return this.#clock.monotonic() - atMs >= KEPT_MS;
  }

  async #read(place: Place, signal: AbortSignal): Promise<Words> {
    try {
      return await this.#readPages(place, signal);
    } catch (error) {
      // The page token expired on the way.
      if (!ApiError.from(error).isGone) throw error;
      return this.#readPages(place, signal);
    }
  }

  async #readPages({ namespace, name }: Place, signal: AbortSignal): Promise<Words> {
    const byName = new Map<string, Word>();
    let pages = 0;
    const ofOne = name === undefined ? '' : `involvedObject.name=${name},`;
    const options = { namespace, fieldSelector: `${ofOne}type=Warning` };
    for await (const { items } of this.#client.pages(CoreEvent, options, signal)) {
      for (const { reason = '', involvedObject, message, ...times } of items) {
        if (!TELLING.includes(reason) || message === undefined) continue;
        const { name = '' } = involvedObject;
        const at = timeOf(times);
        if (at >= (byName.get(name)?.at ?? ''))
          byName.set(name, { at, message: message.slice(0, MAX_LENGTH) });
      }
      pages += 1;
      if (pages === MAX_PAGES) return { byName, isCut: true };
    }
    return { byName, isCut: false };
  }
}

function keyOf({ namespace, name = '' }: Place): string {
  return `${namespace}/${name}`;
}

function newestOf(names: readonly string[], words: readonly Words[]): Word | undefined {
  const [first] = words
    .flatMap(({ byName }) => names.flatMap((name) => byName.get(name) ?? []))
    .toSorted((a, b) => (a.at === b.at ? 0 : a.at < b.at ? 1 : -1));
  return first;
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
