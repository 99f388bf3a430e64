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
    if (request.method === 'GET') return await this.#inner.request(request);
    // Once more behind the wait for a connection, which a busy process has few of.
    const beforeSend = (): void => this.#ask(request);
    beforeSend();
    return await this.#inner.request({ ...request, beforeSend });
  }

  watch(request: ApiRequest): AsyncIterable<WatchEvent> {
    return this.#inner.watch(request);
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  #ask({ method, path }: ApiRequest): void {
    if (this.#mayWrite()) return;
    const message = `${method} ${path}: not sent, this process does not lead`;
    throw new ApiError({ code: 0, reason: 'NotLeader', message });
  }
}
