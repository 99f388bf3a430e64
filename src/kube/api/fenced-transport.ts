import { ApiError } from './api-error.ts';
import type { ApiRequest, Transport, WatchEvent } from './transport.ts';

/**
 * Lets writes through only while `mayWrite` says so, asked at the very moment of sending. A process whose event
 * loop was blocked past its Lease goes on in the middle of its work before any timer or signal has told it that
 * another leads by now: its next write ends here. Reads and watches always pass.
 */
export class FencedTransport implements Transport {
  readonly #inner: Transport;
  readonly #mayWrite: () => boolean;

  constructor(inner: Transport, mayWrite: () => boolean) {
    this.#inner = inner;
    this.#mayWrite = mayWrite;
  }

  async request(request: ApiRequest): Promise<unknown> {
    if (request.method !== 'GET' && !this.#mayWrite()) {
      const message = `${request.method} ${request.path}: not sent, this process does not lead`;
      throw new ApiError({ code: 0, reason: 'NotLeader', message });
    }
    return this.#inner.request(request);
  }

  watch(request: ApiRequest): AsyncIterable<WatchEvent> {
    return this.#inner.watch(request);
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}
