/**
 * Keys (`namespace/name`), each once: the namespaces take turns, and the keys of one go in the order in which they came.
 * So however many one namespace has, another's waits for one of each at most. Everything takes the same short time.
 */
export class Turns {
  /** The namespace whose turn it is first; none without keys. */
  readonly #groups = new Map<string, Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Whether it was not in yet. */
  add(key: string): boolean {
    const namespace = namespaceOf(key);
    const group = this.#groups.get(namespace) ?? new Set();
    if (group.has(key)) return false;
    if (group.size === 0) this.#groups.set(namespace, group);
    group.add(key);
    this.#size++;
    return true;
  }

  has(key: string): boolean {
    return this.#groups.get(namespaceOf(key))?.has(key) === true;
  }

  /** Whether it was in; the turn of its namespace stays what it was. */
  delete(key: string): boolean {
    const namespace = namespaceOf(key);
    const group = this.#groups.get(namespace);
    if (group?.delete(key) !== true) return false;
    if (group.size === 0) this.#groups.delete(namespace);
    this.#size--;
    return true;
  }

  /** Takes the next one out; its namespace goes behind all others. */
  take(): string | undefined {
    for (const [namespace, group] of this.#groups) {
      this.#groups.delete(namespace);
      for (const key of group) {
        group.delete(key);
        if (group.size > 0) this.#groups.set(namespace, group);
        this.#size--;
        return key;
      }
    }
    return undefined;
  }
}

/** What has none is all of one. */
function namespaceOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? '' : key.slice(0, slash);
}
