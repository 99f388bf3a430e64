import type { StartOptions } from '../../cluster/fakes/fake-engine.ts';
import type { Engines } from '../../cluster/fakes/kubelet/engines.ts';

/** Some volumes have a real engine, the others the fake. `isReal` may wait until it knows. */
export class EnginesByRun implements Engines {
  readonly #real: Engines;
  readonly #fake: Engines;
  readonly #isReal: (storageKey: string) => Promise<boolean>;

  constructor(real: Engines, fake: Engines, isReal: (storageKey: string) => Promise<boolean>) {
    this.#real = real;
    this.#fake = fake;
    this.#isReal = isReal;
  }

  async bootstrap(...args: Parameters<Engines['bootstrap']>): Promise<string | undefined> {
    return await (await this.#of(args[0])).bootstrap(...args);
  }

  async start(address: string, storageKey: string, env: Record<string, string>, options: StartOptions) {
    return await (await this.#of(storageKey)).start(address, storageKey, env, options);
  }

  async stop(address: string): Promise<void> {
    await Promise.all([this.#real.stop(address), this.#fake.stop(address)]);
  }

  async stopAll(): Promise<void> {
    await Promise.all([this.#real.stopAll(), this.#fake.stopAll()]);
  }

  forget(storageKey: string): void {
    this.#real.forget(storageKey);
    this.#fake.forget(storageKey);
  }

  async #of(storageKey: string): Promise<Engines> {
    return (await this.#isReal(storageKey)) ? this.#real : this.#fake;
  }
}
