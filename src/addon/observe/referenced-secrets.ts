import type { Secret } from '../../kube/objects/kinds.ts';
import { ScopedStores, type WatchScope } from '../../kube/store/scoped-stores.ts';
import type { Live } from '../../kube/objects/types.ts';

/** Keeps a store of one object, by `namespace/name`, until aborted; never rejects. */
export type WatchOne = WatchScope<Secret>;

/**
 * Secrets that users own and addons name: each is watched by its name for as long as an addon refers to it, so that
 * nobody else's Secrets ever enter the process.
 */
export class ReferencedSecrets {
  /** By `namespace/name`; one for each Secret with a follower. */
  readonly #secrets = new ScopedStores<Secret>();
  /** By Secret, the keys of the addons that refer to it. */
  readonly #followers = new Map<string, Set<string>>();
  /** By addon, the Secret it follows. */
  readonly #followed = new Map<string, string>();

  /** Told the key of each addon whose Secret is known for the first time, or has changed. */
  onChange(listener: (addonKey: string) => void): void {
    const tell = (secretKey: string) => {
      for (const addonKey of this.#followers.get(secretKey) ?? []) listener(addonKey);
    };
    this.#secrets.onChange(tell);
    // A Secret that does not exist is no change, and yet what the addon waits for.
    this.#secrets.onKnown(tell);
  }

  /** What the addon refers to from now on; undefined for nothing. */
  follow(addonKey: string, secretKey: string | undefined): void {
    const before = this.#followed.get(addonKey);
    if (before === secretKey) return;
    if (before !== undefined) this.#leave(addonKey, before);
    if (secretKey === undefined) {
      this.#followed.delete(addonKey);
      return;
    }
    this.#followed.set(addonKey, secretKey);
    const followers = this.#followers.get(secretKey);
    if (followers !== undefined) {
      followers.add(addonKey);
      return;
    }
    this.#followers.set(secretKey, new Set([addonKey]));
    this.#secrets.open(secretKey);
  }

  /** Unknown: it is not watched yet, or no answer has come. */
  get(secretKey: string): Live<Secret> | 'Missing' | 'Unknown' {
    if (!this.#secrets.knows(secretKey)) return 'Unknown';
    return this.#secrets.storeOf(secretKey)?.get(secretKey) ?? 'Missing';
  }

  get size(): number {
    return this.#secrets.size;
  }

  /** Watches what is followed, now and later, until aborted. */
  async run(watch: WatchOne, signal: AbortSignal): Promise<void> {
    await this.#secrets.run(watch, signal);
  }

  #leave(addonKey: string, secretKey: string): void {
    const followers = this.#followers.get(secretKey);
    followers?.delete(addonKey);
    if (followers === undefined || followers.size > 0) return;
    this.#followers.delete(secretKey);
    this.#secrets.close(secretKey);
  }
}
