import { type ReflectorOptions } from './reflector-options.ts';
import { Silence } from './silence.ts';
import { ApiError } from '../api/api-error.ts';
import { backoffMs } from '../control/backoff.ts';
import type { Clock } from '../clock.ts';
import { sleep, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { silentLogger } from '../log.ts';
import { errorOf, isStatus } from '../api/status.ts';
import type { WatchEvent } from '../api/transport.ts';
import type { KubeObject, Live } from '../objects/types.ts';

/** Keeps a store equal to what the API server holds of one kind, whatever happens to the connection. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Logger;
  /** Where the next watch begins; undefined when a list has to come first. */
  #version: string | undefined;
  /**
   * The server has forgotten where the last watch was. One that was restored from a backup says so too, when its
   * versions were made to go on above all that it had told.
   */
  #afterGap = false;
  /** When the present watch was asked for, by the monotonic clock. */
  #watchedSince: number | undefined;
  #failures = 0;
  /** Watches in a row that ended in silence, and how many of them lead to a list. */
  #silences = 0;
  #tolerated = TOLERATED_SILENCES;
  #lastLogged = '';

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#log = (options.log ?? silentLogger).child({ kind: options.kind.kind });
  }

  /** Runs until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#watchedSince = undefined;
      const failure = await this.#round(signal);
      if (signal.aborted) return;
      const wait = this.#settle(failure);
      if (wait > 0) await sleep(this.#clock, wait, signal).catch(() => {});
    }
  }

  /** One list where it is needed and one watch. Resolves to what ended it; undefined for the regular end. */
  async #round(signal: AbortSignal): Promise<ApiError | undefined> {
    try {
      this.#version ??= await this.#list(signal);
      await this.#watch(this.#version, signal);
      return undefined;
    } catch (error) {
      return ApiError.from(error);
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const {
      client,
      kind,
      namespace,
      labelSelector,
      fieldSelector,
      pageSize = 500,
      store,
      metrics,
    } = this.#options;
    const items: Live<T>[] = [];
    let version = '';
    // No resourceVersion: a consistent list from etcd. "0" could be answered from a cache older than what we saw.
    const options = {
      limit: pageSize,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    for await (const page of client.pages(kind, options, signal)) {
      version = page.resourceVersion;
      // A list may be hundreds of megabytes, and making it small seconds of work: nothing of it is held as it came, and
      // timers (a Lease's among them) have their turn.
      for (let from = 0; from < page.items.length; from += ITEMS_A_TURN) {
        if (from > 0) await new Promise((resolve) => setImmediate(resolve));
        const some = page.items.slice(from, from + ITEMS_A_TURN);
        items.push(...store.kept(some, version, { afterGap: this.#afterGap }));
      }
    }
    signal.throwIfAborted();
    store.take(items, version);
    this.#afterGap = false;
    metrics?.listed(kind.plural, items.length);
    this.#recovered();
    return version;
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const { client, kind, namespace, labelSelector, fieldSelector, metrics } = this.#options;
    using silence = new Silence(this.#clock, this.#options.silenceMs ?? 75_000, signal);
    const options = {
      resourceVersion: version,
      // Drawn, so that the watches of all kinds don't end together.
      timeoutSeconds: Math.round(290 + 60 * this.#random()),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      begun: () => metrics?.heard(kind.plural),
    };
    this.#watchedSince = this.#clock.monotonic();
    try {
      for await (const event of client.watch(kind, options, silence.signal)) {
        silence.heard();
        this.#silences = 0;
        this.#tolerated = TOLERATED_SILENCES;
        this.#take(event);
        metrics?.heard(kind.plural);
      }
    } catch (error) {
      if (!silence.expired) throw error;
    }
    if (silence.expired) throw this.#silent();
  }

  #take(event: WatchEvent): void {
    if (event.type === 'ERROR') throw watchError(event.object);
    const object = event.object as Live<T>;
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#options.store.upsert(object);
        break;
      case 'DELETED':
        this.#options.store.remove(object);
        break;
      case 'BOOKMARK':
        this.#options.store.reached(object.metadata.resourceVersion);
        break;
    }
    this.#version = object.metadata.resourceVersion;
  }

  #silent(): ApiError {
    this.#silences++;
    // A watch from a version that the server has yet to reach (etcd was restored from a backup) is silent until it
    // gets there, and drops what happens meanwhile. Rarely the reason, so lists become rarer as silence goes on.
    if (this.#silences >= this.#tolerated) {
      this.#silences = 0;
      this.#tolerated *= 2;
      this.#version = undefined;
    }
    return new ApiError({ code: 0, reason: 'Silent', message: 'the watch fell silent' });
  }

  /** Decides how to go on: returns the wait before the next round in milliseconds. */
  #settle(failure: ApiError | undefined): number {
    const { kind, metrics } = this.#options;
    metrics?.ended(kind.plural, failure?.reason ?? 'Ended');
    // The version is out of the server's memory; 'Expired' is how an ERROR event or a list's page token says it.
    if (failure?.isGone || failure?.reason === 'Expired') {
      this.#afterGap ||= this.#version !== undefined;
      this.#version = undefined;
    }
    if (failure) this.#logOnce(failure);
    if (this.#wasStable(failure)) {
      this.#failures = 0;
      // After a good life, go on at once (a reset often comes alone), but not all watches in one instant.
      return failure ? Math.max(failure.retryAfterMs ?? 0, 500 * this.#random()) : 0;
    }
    const baseMs = this.#options.retryMs ?? BACKOFF.baseMs;
    const wait = backoffMs({ ...BACKOFF, baseMs }, this.#failures++, this.#random);
    return Math.max(failure?.retryAfterMs ?? 0, wait);
  }

  #wasStable(failure: ApiError | undefined): boolean {
    // A watch whose answer never began has not lived, however long we waited for it.
    if (this.#watchedSince === undefined || failure?.reason === 'Timeout') return false;
    return this.#clock.monotonic() - this.#watchedSince >= STABLE_MS;
  }

  #logOnce(failure: ApiError): void {
    const said = `${failure.code} ${failure.reason}`;
    const fields = { code: failure.code, reason: failure.reason, error: failure.message };
    if (said === this.#lastLogged || failure.reason === 'Silent' || failure.isGone)
      this.#log.debug(fields, 'watching again');
    else this.#log.warn(fields, 'cannot list or watch; trying again until it works');
    this.#lastLogged = said;
  }

  #recovered(): void {
    if (this.#lastLogged !== '') this.#log.info({}, 'listed again');
    this.#lastLogged = '';
  }
}

// As client-go's reflector: 0.8 s doubling to 30 s, each up to doubled by chance.
const BACKOFF = { baseMs: 800, maxMs: 30_000, jitter: 1 };
/** A watch that lived so long forgives the failures before it. Shorter ones don't, whatever they delivered. */
const STABLE_MS = 10_000;

const TOLERATED_SILENCES = 4;
/** Of a list, as many as are made small in a few dozen milliseconds. */
const ITEMS_A_TURN = 100;

function watchError(object: unknown): ApiError {
  const code = isStatus(object) ? (object.code ?? 500) : 500;
  return errorOf({ method: 'GET', path: 'watch' }, code, object);
}
