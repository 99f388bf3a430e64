import { setTimeout as delay } from 'node:timers/promises';
import type { Service } from 'kubernetes-types/core/v1.js';
import { BedApi } from './bed-api.ts';
import { readKubeconfig } from './kubeconfig.ts';
import type { Node } from './node.ts';

const PATH = '/api/v1/services';

/**
 * A test double of a cloud's load balancers: gives every Service that asks for one an address that leads to the node,
 * where kube-proxy does the rest, the list of sources included.
 */
export class LoadBalancers implements AsyncDisposable {
  readonly #stop = new AbortController();
  #given = 0;
  #running: Promise<void> = Promise.resolve();

  static async start(node: Node): Promise<LoadBalancers> {
    const balancers = new LoadBalancers();
    const api = new BedApi(await readKubeconfig(node.kubeconfig));
    balancers.#running = balancers.#run(api, node.nodeIP.replace(/\.\d+\.\d+$/, '.253'));
    // Told when it is stopped.
    balancers.#running.catch(() => {});
    return balancers;
  }

  async #run(api: BedApi, range: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { items } = (await api.get<{ items: Service[] }>(PATH)) ?? { items: [] };
      for (const { metadata, spec, status } of items) {
        const has = (status?.loadBalancer?.ingress ?? []).length > 0;
        if (spec?.type !== 'LoadBalancer' || has) continue;
        this.#given += 1;
        const ingress = [{ ip: `${range}.${this.#given}` }];
        const path = `/api/v1/namespaces/${metadata?.namespace}/services/${metadata?.name}/status`;
        const body = { status: { loadBalancer: { ingress } } };
        await api.send('PATCH', path, body, 'application/merge-patch+json').catch(() => {});
      }
      await delay(200, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    api.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
