import type { Logger } from '../../../src/kube/log.ts';

/** The last lines that the operators of one run wrote, for the report of a violation. */
export class RunLog implements Logger {
  readonly lines: string[];
  readonly #fields: object;

  constructor(lines: string[] = [], fields: object = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  debug(fields: object, message: string): void {
    this.#add(fields, message);
  }

  info(fields: object, message: string): void {
    this.#add(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#add(fields, message);
  }

  error(fields: object, message: string): void {
    this.#add(fields, message);
  }

  child(fields: object): Logger {
    return new RunLog(this.lines, { ...this.#fields, ...fields });
  }

  /** A line of the harness's own. */
  note(message: string): void {
    this.#add({}, `--- ${message}`);
  }

  #add(fields: object, message: string): void {
    const all = Object.entries({ ...this.#fields, ...fields }).map(
      ([key, value]) => `${key}=${textOf(value)}`,
    );
    this.lines.push(`${new Date().toISOString().slice(14, 23)} ${message} ${all.join(' ')}`);
    if (this.lines.length > 400) this.lines.splice(0, 100);
  }
}

function textOf(value: unknown): string {
  return value instanceof Error ? `${value.name}: ${value.message}` : JSON.stringify(value);
}
