/** Where something begins to be said and, farther away, where it ceases to be: in between, what was said goes on. */
export interface Band {
  readonly on: number;
  /** Below `on`. */
  readonly off: number;
}

/** Whether a value counts as high, by what was said of it before: one that trembles at a limit changes nothing. */
export function isHigh(before: boolean, value: number, { on, off }: Band): boolean {
  return before ? value >= off : value >= on;
}
