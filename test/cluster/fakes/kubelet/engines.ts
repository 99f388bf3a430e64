import type { StartOptions } from '../fake-engine.ts';

/** What runs in the engine's container of a fake node's pods: the fake, or something real. */
export interface Engines {
  /** The first init container: returns what failed. */
  bootstrap(
    storageKey: string,
    files: Record<string, string>,
    on: { readonly address: string; readonly version: string | undefined },
  ): string | undefined | Promise<string | undefined>;
  /** The engine's container; resolves once it listens. */
  start(
    address: string,
    storageKey: string,
    env: Record<string, string>,
    options: StartOptions,
  ): Promise<unknown>;
  /** As SIGKILL would. */
  stop(address: string): Promise<void>;
  stopAll(): Promise<void>;
  /** The volume is gone, and all on it. */
  forget(storageKey: string): void;
}
