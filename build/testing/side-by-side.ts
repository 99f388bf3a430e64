/**
 * Layers that run at the same time: one of them waits while another computes. What is run once more is run alone: when
 * all of them are through, and one after the other.
 */
export class SideBySide {
  #under = 0;
  #last: Promise<unknown> = Promise.resolve();
  #quiet: (() => void)[] = [];
  #announced: number;

  /** @param layers how many there will be; nothing is run alone before each has begun and ended. */
  constructor(layers: number) {
    this.#announced = layers;
  }

  /** The first run of a layer. */
  async beside<T>(run: () => Promise<T>): Promise<T> {
    this.#announced -= 1;
    this.#under += 1;
    try {
      return await run();
    } finally {
      this.#under -= 1;
      if (this.#isQuiet) for (const go of this.#quiet.splice(0)) go();
    }
  }

  /** What is to have the machine for itself. */
  async alone<T>(run: () => Promise<T>): Promise<T> {
    if (!this.#isQuiet) await new Promise<void>((resolve) => this.#quiet.push(resolve));
    const mine = this.#last.then(run, run);
    this.#last = mine.catch(() => {});
    return await mine;
  }

  get #isQuiet(): boolean {
    return this.#under === 0 && this.#announced <= 0;
  }
}
