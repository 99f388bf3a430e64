import { NO_MEMORY, type Memory } from '../world/memory.ts';

/** What acting taught, by addon UID. Everything in it can be learned again: it is not kept beyond the process. */
export class Memories {
  /** An entry for each addon that was acted on and still exists. */
  readonly #memories = new Map<string, Memory>();

  get(uid: string): Memory {
    return this.#memories.get(uid) ?? NO_MEMORY;
  }

  update(uid: string, change: Partial<Memory>): void {
    this.#memories.set(uid, { ...this.get(uid), ...change });
  }

  forget(uid: string): void {
    this.#memories.delete(uid);
  }

  get size(): number {
    return this.#memories.size;
  }
}
