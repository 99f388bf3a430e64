import { keyOf, type NumberedWrite, type Perturbation, type Strike } from './perturbation.ts';

/** What becomes of one write, and of the operator with it. */
export const MODES = {
  'lost, killed': { sent: false, answer: 'Lost', crash: true },
  'applied, killed': { sent: true, answer: 'Lost', crash: true },
  lost: { sent: false, answer: 'Lost', crash: false },
  'applied, answer lost': { sent: true, answer: 'Lost', crash: false },
  'applied, answered 504': { sent: true, answer: 504, crash: false },
  'refused with 409': { sent: false, answer: 409, crash: false },
  'refused with 429': { sent: false, answer: 429, crash: false },
  'refused with 500': { sent: false, answer: 500, crash: false },
} as const satisfies Record<string, Strike>;

export type Mode = keyof typeof MODES;

/** The engine knows neither conflicts nor gateways. */
export function modesOf(world: NumberedWrite['world']): Mode[] {
  const all = Object.keys(MODES) as Mode[];
  return world === 'Kubernetes' ? all : all.filter((mode) => !/504|409|429/.test(mode));
}

/** Strikes the one write of that key; `again` strikes also the n-th write after it, of whatever key. */
export class CrashAt implements Perturbation {
  readonly seed: string;
  struck = false;
  readonly #key: string;
  readonly #mode: Mode;
  #again: number | undefined;

  constructor(key: string, mode: Mode, again?: number) {
    this.seed = `crash/${key}/${mode}${again === undefined ? '' : `/+${again}`}`;
    this.#key = key;
    this.#mode = mode;
    this.#again = again;
  }

  strike(write: NumberedWrite): Strike | undefined {
    if (!this.struck) {
      if (keyOf(write) !== this.#key) return undefined;
      this.struck = true;
      return MODES[this.#mode];
    }
    if (this.#again === undefined) return undefined;
    this.#again -= 1;
    if (this.#again > 0) return undefined;
    this.#again = undefined;
    return MODES[this.#mode];
  }
}
