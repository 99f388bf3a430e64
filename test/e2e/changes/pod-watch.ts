import { setTimeout as delay } from 'node:timers/promises';
import type { Space } from '../space.ts';

/** Counts the pods that a name has had: one more is one stop and one start. */
export class PodWatch implements AsyncDisposable {
  readonly #uids = new Set<string>();
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  private constructor(space: Space, name: string) {
    const columns = 'custom-columns=UID:.metadata.uid';
    const what = ['get', 'pods', '-n', space.namespace, '--field-selector', `metadata.name=${name}`];
    const args = [...what, '--watch', '--no-headers', '-o', columns];
    const line = (text: string) => /^[0-9a-f-]{36}\s*$/.test(text) && this.#uids.add(text.trim());
    this.#following = space.kube.follow(args, line, this.#stop.signal);
    this.#following.catch(() => {});
  }

  /** Follows the pod of an addon, which has to be there. */
  static async of(space: Space, addon: string): Promise<PodWatch> {
    const watch = new PodWatch(space, `${addon}-influx-0`);
    while (watch.count === 0) await Promise.race([delay(50), watch.#following]);
    return watch;
  }

  get count(): number {
    return this.#uids.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }
}
