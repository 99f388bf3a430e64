import type { ApiRequest, Transport, WatchEvent } from '../../../src/kube/api/transport.ts';

/** On entries of the catalogue: the namespace of the run that they are for, or ALL. */
export const RUN_LABEL = 'chaos.influxaddon.dev/run';
export const ALL = 'all';

const COLLECTION = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/([a-z]+)$/;
const CATALOGUE = new Set(['influxplans', 'influxversions']);
const CLUSTER_WIDE = new Set([...CATALOGUE, 'namespaces', 'storageclasses', 'nodes', 'persistentvolumes']);

/**
 * Narrows an operator's view to one namespace and its part of the catalogue, so that many operators share a control
 * plane without knowing of each other. Nothing is taken from what an operator of a whole cluster does: it lists and
 * watches the same kinds.
 */
export class ScopedTransport implements Transport {
  readonly #inner: Transport;
  readonly #namespace: string;

  constructor(inner: Transport, namespace: string) {
    this.#inner = inner;
    this.#namespace = namespace;
  }

  async request(request: ApiRequest): Promise<unknown> {
    return await this.#inner.request(this.#narrowed(request));
  }

  watch(request: ApiRequest): AsyncIterable<WatchEvent> {
    return this.#inner.watch(this.#narrowed(request));
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  #narrowed(request: ApiRequest): ApiRequest {
    const [, group = '', plural = ''] = COLLECTION.exec(request.path) ?? [];
    if (request.method !== 'GET' || plural === '') return request;
    if (plural === 'namespaces') {
      // kube-system is what tells clusters apart.
      const labelSelector = `kubernetes.io/metadata.name in (kube-system,${this.#namespace})`;
      return { ...request, query: { ...request.query, labelSelector } };
    }
    if (CATALOGUE.has(plural)) {
      const labelSelector = `${RUN_LABEL} in (${ALL},${this.#namespace})`;
      return { ...request, query: { ...request.query, labelSelector } };
    }
    if (CLUSTER_WIDE.has(plural)) return request;
    return { ...request, path: `${group}/namespaces/${this.#namespace}/${plural}` };
  }
}
