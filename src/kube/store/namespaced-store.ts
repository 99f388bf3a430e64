import { ScopedStores } from './scoped-stores.ts';
import type { Store } from './store.ts';
import type { Change } from './store-options.ts';
import { keyOf, type KubeObject, type Live } from '../objects/types.ts';

/** Objects of one kind from those namespaces only in which we may read them: a scope is a namespace. */
export class NamespacedStore<T extends KubeObject> extends ScopedStores<T> {
  /** By `namespace/name`. */
  get(key: string): Live<T> | undefined {
    return this.#of(key)?.get(key);
  }

  *list(): Iterable<Live<T>> {
    for (const scope of this.scopes()) yield* this.storeOf(scope)?.list() ?? [];
  }

  /** As with a store of one scope. */
  onObjectChange(listener: (change: Change<T>) => void): void {
    this.onChange((_, change) => listener(change));
  }

  recordWrite(object: Live<T>): void {
    this.#of(keyOf(object))?.recordWrite(object);
  }

  recordDelete(key: string, uid: string): void {
    this.#of(key)?.recordDelete(key, uid);
  }

  #of(key: string): Store<T> | undefined {
    return this.storeOf(key.slice(0, key.indexOf('/')));
  }
}
