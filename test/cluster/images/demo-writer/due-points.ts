export interface Point {
  /** Counts from 1. */
  readonly n: number;
  /** Milliseconds since the epoch: when the point was due, not when it was sent. */
  readonly timestamp: number;
}

/** Of what piled up while the database was away, so much goes into one request. */
const AT_ONCE = 500;

/** Points at a fixed rate, however long the database takes to answer or stays away: none is left out. */
export class DuePoints {
  readonly #start: number;
  readonly #intervalMs: number;
  #done = 0;

  constructor(start: number, intervalMs: number) {
    this.#start = start;
    this.#intervalMs = intervalMs;
  }

  /** When the first point that is not done is due. */
  get nextAt(): number {
    return this.#start + this.#done * this.#intervalMs;
  }

  /** The points that are due and not done, oldest first. */
  until(now: number): Point[] {
    const count = Math.min(AT_ONCE, Math.max(0, Math.floor((now - this.nextAt) / this.#intervalMs) + 1));
    return Array.from({ length: count }, (_, index) => ({
      n: this.#done + index + 1,
      timestamp: this.nextAt + index * this.#intervalMs,
    }));
  }

  done(count: number): void {
    this.#done += count;
  }
}
