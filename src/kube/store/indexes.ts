import type { KubeObject, Live } from '../objects/types.ts';

/** Keys of objects by what they are found by: index name -> value -> keys. */
export class Indexes<T extends KubeObject> {
  readonly #valuesOf: Record<string, (object: Live<T>) => string[]>;
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  /** Runs what may throw for one object, and then gives undefined. */
  readonly #guarded: <R>(run: () => R) => R | undefined;

  constructor(
    valuesOf: Record<string, (object: Live<T>) => string[]>,
    guarded: <R>(run: () => R) => R | undefined,
  ) {
    this.#valuesOf = valuesOf;
    this.#guarded = guarded;
    for (const name of Object.keys(valuesOf)) this.#indexes.set(name, new Map());
  }

  keys(index: string, value: string): Iterable<string> {
    const keys = this.#indexes.get(index);
    if (!keys) throw new Error(`the store has no index "${index}"`);
    return keys.get(value) ?? [];
  }

  change(key: string, object: Live<T>, what: 'add' | 'delete'): void {
    for (const [name, values] of this.#indexes)
      for (const value of this.#guarded(() => this.#valuesOf[name]?.(object)) ?? []) {
        const keys = values.get(value) ?? new Set();
        keys[what](key);
        if (keys.size === 0) values.delete(value);
        else values.set(value, keys);
      }
  }
}
