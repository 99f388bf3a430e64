/** A compiler says nothing for minutes. */
const STILL_MS = 30_000;

/** Tells what goes on, a line at a time, each with the seconds since the start. Steps may run at the same time. */
export class Progress {
  readonly #started = performance.now();
  readonly #write: (line: string) => void;
  /** When a download was last told: there are hundreds in a row on a first run. */
  #toldDownload = Number.NEGATIVE_INFINITY;

  constructor(write: (line: string) => void = console.log) {
    this.#write = write;
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return (performance.now() - this.#started) / 1000;
  }

  say(line: string): void {
    this.#write(`${seconds(this.elapsed).padStart(7)} | ${line}`);
  }

  /** What a build says about itself. */
  readonly detail = (line: string): void => {
    if (line.startsWith('go: downloading')) {
      if (this.elapsed - this.#toldDownload < 5) return;
      this.#toldDownload = this.elapsed;
    }
    this.say(`    ${line}`);
  };

  /** Runs one step: says what it does before, and what came of it and how long it took after. */
  async step<T>(what: string, done: string | ((result: T) => string), run: () => Promise<T>): Promise<T> {
    const begin = this.elapsed;
    this.say(`${what} ...`);
    const alive = setInterval(
      () => this.say(`    still at it: ${what} (${seconds(this.elapsed - begin)})`),
      STILL_MS,
    );
    const result = await run().finally(() => clearInterval(alive));
    const came = typeof done === 'string' ? done : done(result);
    this.say(`  ${came} (took ${seconds(this.elapsed - begin)})`);
    return result;
  }

  /** Lines of something that is shown as it is, under a title; the elapsed time stands before the title only. */
  show(title: string, text: string): void {
    this.#write('');
    this.say(title);
    for (const line of text.trimEnd().split('\n')) this.#write(`          ${line}`);
  }
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
