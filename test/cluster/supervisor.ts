import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bed } from './bed.ts';
import { Component, type Launcher } from './component.ts';

export interface StartOptions {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  launcher?: Launcher;
}

/**
 * The running components of one bed. A component that ends by itself is a failure of the whole bed: `failure`
 * aborts with an error that holds the end of its log, and `onFailure` is told.
 */
export class Supervisor {
  readonly logs: string;
  readonly #bed: Bed;
  readonly #failure = new AbortController();
  readonly #onFailure: (error: Error) => void;
  readonly #components = new Map<string, Component>();

  /** @param onFailure default: throws where nothing catches it, so that a test run or a process ends loudly */
  constructor(bed: Bed, logs: string, onFailure?: (error: Error) => void) {
    this.#bed = bed;
    this.logs = logs;
    mkdirSync(logs, { recursive: true });
    this.#onFailure =
      onFailure ??
      ((error) =>
        setImmediate(() => {
          throw error;
        }));
  }

  get failure(): AbortSignal {
    return this.#failure.signal;
  }

  async start(options: StartOptions): Promise<Component> {
    const component = new Component({
      ...options,
      logPath: join(this.logs, `${options.name}.log`),
      onDeath: (error) => this.#fail(error),
    });
    this.#components.set(options.name, component);
    if (component.pid > 0) await this.#bed.addProcess(component.pid);
    return component;
  }

  get(name: string): Component {
    const component = this.#components.get(name);
    if (component === undefined) throw new Error(`no component ${name} in bed ${this.#bed.state.name}`);
    return component;
  }

  /** The pid of each component by its name. */
  get pids(): ReadonlyMap<string, number> {
    return new Map([...this.#components].map(([name, { pid }]) => [name, pid]));
  }

  /** Ends one component on purpose. @param graceMs time between SIGTERM and SIGKILL */
  async stop(name: string, graceMs: number): Promise<void> {
    await this.get(name).stop(graceMs);
    this.#components.delete(name);
  }

  /** Ends all components at once: a bed's data is thrown away with it. */
  async stopAll(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#components.values()].map((component) => component.stop()));
    this.#components.clear();
  }

  /** From here on a dead component is told to `onFailure`; before, the start that waits for it throws. */
  started(): void {
    this.#running = true;
  }

  #stopped = false;
  #running = false;

  #fail(error: Error): void {
    if (this.#stopped || this.#failure.signal.aborted) return;
    this.#failure.abort(error);
    if (this.#running) this.#onFailure(error);
  }
}
