import type { Secret } from '../kube/kinds.ts';
import { Store } from '../kube/store.ts';
import type { Live } from '../kube/types.ts';

/** Keeps a store of one object, by `namespace/name`, until aborted; never rejects. */
export type WatchOne = (key: string, store: Store<Secret>, signal: AbortSignal) => Promise<void>;

interface Watch {
  readonly store: Store<Secret>;
  readonly stop: AbortController;
  /** Keys of the addons that refer to it. */
  readonly followers: Set<string>;
  running: Promise<void> | undefined;
}

/**
 * Secrets that users own and addons name: each is watched by its name for as long as an addon refers to it, so that
 * nobody else's Secrets ever enter the process.
 */
export class ReferencedSecrets {
  /** By `namespace/name`; one for each Secret with a follower. */
  readonly #watches = new Map<string, Watch>();
  /** By addon, the Secret it follows. */
  readonly #followed = new Map<string, string>();
  readonly #ended = new Set<Promise<void>>();
  readonly #listeners = new Set<(addonKey: string) => void>();
  #watch: WatchOne | undefined;

  /** Told the key of each addon whose Secret is known for the first time, or has changed. */
  onChange(listener: (addonKey: string) => void): void {
    this.#listeners.add(listener);
  }

  /** What the addon refers to from now on; undefined for nothing. */
  follow(addonKey: string, secretKey: string | undefined): void {
    const before = this.#followed.get(addonKey);
    if (before === secretKey) return;
    if (before !== undefined) this.#leave(addonKey, before);
    if (secretKey === undefined) {
      this.#followed.delete(addonKey);
      return;
    }
    this.#followed.set(addonKey, secretKey);
    const watch = this.#watches.get(secretKey) ?? this.#begin(secretKey);
    watch.followers.add(addonKey);
  }

  /** Unknown: it is not watched yet, or no answer has come. */
  get(secretKey: string): Live<Secret> | 'Missing' | 'Unknown' {
    const store = this.#watches.get(secretKey)?.store;
    if (store?.hasSynced !== true) return 'Unknown';
    return store.get(secretKey) ?? 'Missing';
  }

  get size(): number {
    return this.#watches.size;
  }

  /** Watches what is followed, now and later, until aborted. */
  async run(watch: WatchOne, signal: AbortSignal): Promise<void> {
    this.#watch = watch;
    for (const [key, each] of this.#watches) this.#start(key, each);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#watch = undefined;
    for (const { stop } of this.#watches.values()) stop.abort();
    await Promise.all(this.#ended);
  }

  #begin(key: string): Watch {
    const store = new Store<Secret>();
    const watch: Watch = { store, stop: new AbortController(), followers: new Set(), running: undefined };
    const tell = () => {
      for (const addonKey of watch.followers) for (const listener of this.#listeners) listener(addonKey);
    };
    store.onChange(tell);
    // A Secret that does not exist is no change, and yet what the addon waits for.
    void store.synced.then(tell);
    this.#watches.set(key, watch);
    this.#start(key, watch);
    return watch;
  }

  #start(key: string, watch: Watch): void {
    if (this.#watch === undefined || watch.running !== undefined) return;
    const running = this.#watch(key, watch.store, watch.stop.signal);
    watch.running = running;
    this.#ended.add(running);
    void running.then(() => this.#ended.delete(running));
  }

  #leave(addonKey: string, secretKey: string): void {
    const watch = this.#watches.get(secretKey);
    watch?.followers.delete(addonKey);
    if (watch === undefined || watch.followers.size > 0) return;
    watch.stop.abort();
    this.#watches.delete(secretKey);
  }
}
