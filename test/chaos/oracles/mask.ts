import type { Flat } from './flat.ts';

/** What undisturbed runs of a scenario have in common, learned from several of them. */
export class Mask {
  readonly #reference: Flat;
  /** Paths whose values differ from run to run, or that only some runs have. */
  readonly volatile = new Set<string>();

  constructor(runs: readonly Flat[]) {
    const [first, ...others] = runs;
    if (first === undefined) throw new Error('nothing to learn from');
    this.#reference = first;
    for (const other of others)
      for (const path of new Set([...first.keys(), ...other.keys()]))
        if (first.get(path) !== other.get(path)) this.volatile.add(path);
  }

  /** How many paths are compared. */
  get compared(): number {
    return [...this.#reference.keys()].filter((path) => !this.volatile.has(path)).length;
  }

  /** Where another end differs, as sentences. */
  differences(end: Flat): string[] {
    const paths = new Set([...this.#reference.keys(), ...end.keys()]);
    return [...paths]
      .filter((path) => !this.#isMasked(path) && this.#reference.get(path) !== end.get(path))
      .map((path) => `${path} is ${cut(end.get(path))}, and undisturbed ${cut(this.#reference.get(path))}`);
  }

  /** What lies below a volatile path is so too. */
  #isMasked(path: string): boolean {
    return this.volatile.has(path);
  }
}

function cut(text: string | undefined): string {
  if (text === undefined) return 'absent';
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
