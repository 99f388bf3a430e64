import type { Sample } from '../wire.ts';

/** Of each database, as many as are kept: an hour of one every ten seconds. */
const KEPT = 360;
const MOST_DATABASES = 50;

/** What was measured while this process served the page, so that a reload does not begin with nothing. */
export class Past {
  /** By uid; the order is that of use. */
  readonly #samples = new Map<string, Sample[]>();

  of(uid: string): readonly Sample[] {
    return this.#samples.get(uid) ?? [];
  }

  add(uid: string, sample: Sample): void {
    const samples = this.#samples.get(uid) ?? [];
    this.#samples.delete(uid);
    this.#samples.set(uid, [...samples, sample].slice(-KEPT));
    const [oldest] = this.#samples.keys();
    if (this.#samples.size > MOST_DATABASES && oldest !== undefined) this.#samples.delete(oldest);
  }
}
