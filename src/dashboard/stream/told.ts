/** What somebody was told last, so that only what differs from that is told again. */
export class Told {
  readonly #last = new Map<string, string>();

  /** Whether this is news under that name; from now on it is not. Undefined stands for "gone". */
  news(name: string, value: unknown): boolean {
    const text = value === undefined ? undefined : JSON.stringify(value);
    if (text === this.#last.get(name)) return false;
    if (text === undefined) this.#last.delete(name);
    else this.#last.set(name, text);
    return true;
  }

  clear(): void {
    this.#last.clear();
  }
}
