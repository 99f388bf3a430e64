import { CliError, EXIT } from '../cli-error.ts';

type Value = string | boolean | string[] | undefined;

/** What was given on the command line. Throws CliError for what is missing or not allowed. */
export class Given {
  readonly #options: Readonly<Record<string, Value>>;
  readonly #positionals: readonly string[];

  constructor(options: Readonly<Record<string, Value>>, positionals: readonly string[]) {
    this.#options = options;
    this.#positionals = positionals;
  }

  /** The n-th positional argument, which the parser has seen to be there. */
  argument(index: number): string {
    return this.#positionals[index] ?? '';
  }

  optionalArgument(index: number): string | undefined {
    return this.#positionals[index];
  }

  flag(name: string): boolean {
    return this.#options[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Values of an option that may be given several times; also `a,b`. */
  texts(name: string): string[] {
    const value = this.#options[name];
    return Array.isArray(value) ? value.flatMap((each) => each.split(',')).filter((each) => each !== '') : [];
  }

  /** Whole numbers only. */
  number(name: string, allowed: { min: number; max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= allowed.min && value <= allowed.max) return value;
    throw new CliError(
      EXIT.usage,
      `--${name} must be a number from ${allowed.min} to ${allowed.max}, not ${text}`,
    );
  }

  /** Whether any of these was given. */
  any(...names: readonly string[]): boolean {
    return names.some((name) => this.#options[name] !== undefined);
  }
}
