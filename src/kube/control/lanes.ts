export interface LanesOptions {
  /** How many may be under way at once. */
  readonly slots: number;
  /** How many of them for one group. */
  readonly perGroup: number;
}

interface Waiter {
  readonly group: string;
  readonly slow: boolean;
  readonly enter: () => void;
}

/**
 * A semaphore that no group can fill, and that what is known to be slow can fill by half only: whoever is prompt always
 * finds a place. Who waits is let in by age, as far as there is a place for it.
 */
export class Lanes {
  readonly #options: LanesOptions;
  /** Under way, all together and the slow ones of them. */
  readonly #all = new Counts();
  readonly #slow = new Counts();
  readonly #waiting = new Set<Waiter>();

  constructor(options: LanesOptions) {
    const { slots, perGroup } = options;
    if (!(perGroup >= 2 && slots >= perGroup))
      throw new RangeError(`lanes need 2 <= perGroup <= slots, got ${perGroup} and ${slots}`);
    this.#options = options;
  }

  /** A place, to be given back by calling it; undefined when there is none now. */
  tryEnter(group: string, slow: boolean): (() => void) | undefined {
    const { slots, perGroup } = this.#options;
    if (!this.#all.leaves(group, slots, perGroup)) return undefined;
    if (slow && !this.#slow.leaves(group, slots / 2, perGroup / 2)) return undefined;
    const counts = slow ? [this.#all, this.#slow] : [this.#all];
    for (const each of counts) each.add(group, 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      for (const each of counts) each.add(group, -1);
      this.#admit();
    };
  }

  /** A place, once there is one. Rejects with the signal's reason when it is aborted first. */
  async enter(group: string, slow: boolean, signal: AbortSignal): Promise<() => void> {
    for (;;) {
      // The turn of one that has given up is another's.
      if (signal.aborted) this.#admit();
      signal.throwIfAborted();
      const leave = this.tryEnter(group, slow);
      if (leave !== undefined) return leave;
      await this.#turn(group, slow, signal);
    }
  }

  async #turn(group: string, slow: boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { group, slow, enter: resolve };
    this.#waiting.add(waiter);
    signal.addEventListener('abort', waiter.enter, { once: true });
    await promise;
    signal.removeEventListener('abort', waiter.enter);
    this.#waiting.delete(waiter);
  }

  /** Wakes the oldest for whom there is a place; it takes the place itself, and who was quicker keeps it. */
  #admit(): void {
    for (const waiter of this.#waiting) {
      const { slots, perGroup } = this.#options;
      if (!this.#all.leaves(waiter.group, slots, perGroup)) continue;
      if (waiter.slow && !this.#slow.leaves(waiter.group, slots / 2, perGroup / 2)) continue;
      this.#waiting.delete(waiter);
      waiter.enter();
      return;
    }
  }
}

class Counts {
  #sum = 0;
  readonly #byGroup = new Map<string, number>();

  leaves(group: string, slots: number, perGroup: number): boolean {
    return this.#sum < slots && (this.#byGroup.get(group) ?? 0) < perGroup;
  }

  add(group: string, n: 1 | -1): void {
    this.#sum += n;
    const count = (this.#byGroup.get(group) ?? 0) + n;
    if (count === 0) this.#byGroup.delete(group);
    else this.#byGroup.set(group, count);
  }
}
