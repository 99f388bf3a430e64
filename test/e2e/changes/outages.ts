import type { Ack } from './writer.ts';

/** The longest time without an acknowledgement between two moments, in milliseconds. `acks` in order of time. */
export function longestGap(acks: readonly Ack[], from: number, to: number): number {
  const times = acks.map(({ at }) => at).filter((at) => at >= from && at <= to);
  let longest = 0;
  let before = from;
  for (const at of [...times, to]) {
    longest = Math.max(longest, at - before);
    before = at;
  }
  return longest;
}

/** Times without service, as a table for the end of the output. */
export class Outages {
  readonly #rows: { step: string; seconds: number }[] = [];

  add(step: string, ms: number): void {
    this.#rows.push({ step, seconds: ms / 1000 });
  }

  toString(): string {
    const width = Math.max(...this.#rows.map(({ step }) => step.length), 0);
    const lines = this.#rows.map(
      ({ step, seconds }) => `${step.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s`,
    );
    return ['time without service (longest gap between two acknowledged writes)', ...lines].join('\n');
  }
}
