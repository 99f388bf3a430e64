import type { Clock } from '../clock.ts';

/** A signal that is aborted with its parent, or when `heard` has not been called for a time. */
export class Silence implements Disposable {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #parent: AbortSignal;
  #lastHeard: number;
  #timer: { cancel(): void };
  expired = false;
  readonly #onParentAbort = (): void => this.#controller.abort(this.#parent.reason);

  constructor(clock: Clock, limitMs: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#parent = parent;
    this.#lastHeard = clock.monotonic();
    this.#timer = clock.after(limitMs, () => this.#check());
    if (parent.aborted) this.#onParentAbort();
    else parent.addEventListener('abort', this.#onParentAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    this.#lastHeard = this.#clock.monotonic();
  }

  #check(): void {
    const left = this.#lastHeard + this.#limitMs - this.#clock.monotonic();
    // One timer, moved on, rather than a new one for each of a storm's events.
    if (left > 0) this.#timer = this.#clock.after(left, () => this.#check());
    else {
      this.expired = true;
      this.#controller.abort(new DOMException('silent', 'TimeoutError'));
    }
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
    this.#parent.removeEventListener('abort', this.#onParentAbort);
  }
}
