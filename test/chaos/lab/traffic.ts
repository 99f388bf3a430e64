/** What goes on between an operator and its worlds, and since when nothing does. */
export class Traffic {
  #inFlight = 0;
  #last = performance.now();
  /** Requests to the Kubernetes API since the last reset: watches, Leases and Events apart. */
  requests: string[] = [];
  /** How many requests databases got. */
  asked = 0;

  async pass<T>(send: () => Promise<T>): Promise<T> {
    this.#inFlight += 1;
    this.touch();
    try {
      return await send();
    } finally {
      this.#inFlight -= 1;
      this.touch();
    }
  }

  /** Something happened that the operator may have to act on. */
  touch(): void {
    this.#last = performance.now();
  }

  /** For how many milliseconds nothing has happened; 0 while something is under way. */
  quietMs(): number {
    return this.#inFlight > 0 ? 0 : performance.now() - this.#last;
  }
}
