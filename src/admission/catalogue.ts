import type { Stores } from '../addon/observe/stores.ts';
import { InfluxPlan, InfluxVersion } from '../api/kinds.ts';
import type { KubeClient } from '../kube/api/client.ts';
import { Store } from '../kube/store/store.ts';

type Catalogue = Pick<Stores, 'plans' | 'versions'>;

/**
 * The catalogue as it is now, asked for before something is refused: a plan and an addon may have been applied
 * together, and the caches are a moment behind. One question is on its way at a time, and those who come meanwhile
 * share the next one: a flood of reviews is not passed on to the API server.
 */
export class FreshCatalogue {
  readonly #client: KubeClient;
  #running: Promise<Catalogue> | undefined;
  #next: Promise<Catalogue> | undefined;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** As it is after this call. Rejects with ApiError when it cannot be had. */
  get(): Promise<Catalogue> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<Catalogue> {
    this.#next = undefined;
    const running = this.#ask().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #ask(): Promise<Catalogue> {
    // The API server waits 5 s for the answer to its review.
    const signal = AbortSignal.timeout(3_000);
    const [plans, versions] = await Promise.all([
      this.#client.list(InfluxPlan, {}, signal),
      this.#client.list(InfluxVersion, {}, signal),
    ]);
    const catalogue: Catalogue = { plans: new Store(), versions: new Store() };
    catalogue.plans.replace(plans.items, plans.resourceVersion);
    catalogue.versions.replace(versions.items, versions.resourceVersion);
    return catalogue;
  }
}
