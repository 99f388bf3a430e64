/** Elements in an order of their own, no two of them equal in it. Finding a place takes O(log n) comparisons. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  /** @param compare must not change its mind about elements that are in the list */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#items.length;
  }

  /** How many elements come before `item`, which need not be in the list. */
  rank(item: T): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#items[middle] as T, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(item: T): void {
    this.#items.splice(this.rank(item), 0, item);
  }

  remove(item: T): void {
    const at = this.rank(item);
    const found = this.#items[at];
    if (found !== undefined && this.#compare(found, item) === 0) this.#items.splice(at, 1);
  }

  /** The first `count` of them. */
  first(count: number): T[] {
    return this.#items.slice(0, Math.max(count, 0));
  }
}
