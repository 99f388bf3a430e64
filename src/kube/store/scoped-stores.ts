import { Store } from './store.ts';
import { type Change, type StoreOptions } from './store-options.ts';
import type { KubeObject } from '../objects/types.ts';

/** Keeps one store equal to what is in a scope, until aborted; never rejects. */
export type WatchScope<T extends KubeObject> = (
  scope: string,
  store: Store<T>,
  signal: AbortSignal,
) => Promise<void>;

interface Part<T extends KubeObject> {
  readonly store: Store<T>;
  readonly stop: AbortController;
  started: boolean;
}

/**
 * A store, and a watch, for each scope that is open: a namespace, or one object. What is in a scope that is not open,
 * or not listed yet, is unknown rather than absent: `knows` tells which.
 */
export class ScopedStores<T extends KubeObject> {
  readonly #options: StoreOptions<T>;
  readonly #parts = new Map<string, Part<T>>();
  readonly #changed = new Set<(scope: string, change: Change<T>) => void>();
  readonly #known = new Set<(scope: string) => void>();
  readonly #running = new Set<Promise<void>>();
  #watch: WatchScope<T> | undefined;

  constructor(options: StoreOptions<T> = {}) {
    this.#options = options;
  }

  /** Undefined for a scope that is not open. */
  storeOf(scope: string): Store<T> | undefined {
    return this.#parts.get(scope)?.store;
  }

  /** A first list is in, so that what the store has not is not there. */
  knows(scope: string): boolean {
    return this.#parts.get(scope)?.store.hasSynced ?? false;
  }

  scopes(): Iterable<string> {
    return this.#parts.keys();
  }

  get size(): number {
    return this.#parts.size;
  }

  onChange(listener: (scope: string, change: Change<T>) => void): void {
    this.#changed.add(listener);
  }

  /** Told each scope whose first list has come in, also an empty one. */
  onKnown(listener: (scope: string) => void): void {
    this.#known.add(listener);
  }

  /** Watched from now on; the store is there to be filled by the one who watches. */
  open(scope: string): Store<T> {
    const present = this.#parts.get(scope);
    if (present !== undefined) return present.store;
    const store = new Store<T>(this.#options);
    store.onChange((change) => {
      for (const listener of this.#changed) listener(scope, change);
    });
    const part: Part<T> = { store, stop: new AbortController(), started: false };
    this.#parts.set(scope, part);
    void store.synced.then(() => {
      if (this.#parts.get(scope) !== part) return;
      for (const listener of this.#known) listener(scope);
    });
    this.#start(scope, part);
    return store;
  }

  /** Not to be read any more: what was in it is forgotten, and nobody is told that it went. */
  close(scope: string): void {
    this.#parts.get(scope)?.stop.abort();
    this.#parts.delete(scope);
  }

  /** Watches the open scopes, now and later, until aborted. */
  async run(watch: WatchScope<T>, signal: AbortSignal): Promise<void> {
    this.#watch = watch;
    for (const [scope, part] of this.#parts) this.#start(scope, part);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#watch = undefined;
    for (const { stop } of this.#parts.values()) stop.abort();
    await Promise.all(this.#running);
  }

  #start(scope: string, part: Part<T>): void {
    if (this.#watch === undefined || part.started) return;
    part.started = true;
    const running = this.#watch(scope, part.store, part.stop.signal);
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }
}
