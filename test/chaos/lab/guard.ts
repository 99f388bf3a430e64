import type { InfluxRequest, InfluxResponse, InfluxTransport } from '../../../src/influx/transport.ts';
import type { ApiRequest, Transport, WatchEvent } from '../../../src/kube/api/transport.ts';
import type { Strike } from '../perturb/perturbation.ts';
import type { Product } from '../product.ts';
import type { Traffic } from './traffic.ts';
import { influxWrite, isEvent, kubeWrite, type Write } from './write.ts';

/** Where an instance's requests pass: counted, struck, and ended with the instance. */
export interface GuardOptions {
  readonly product: Product;
  readonly traffic: Traffic;
  /** Notes a write and says what becomes of it. */
  readonly onWrite: (write: Write) => Strike | undefined;
  /** The instance dies now. */
  readonly onCrash: () => void;
}

/** Lets through what a living instance asks of its worlds; a dead one gets nothing and reaches nobody. */
export class Guard {
  dead = false;
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  kube(inner: Transport): Transport {
    return {
      request: async (request) => await this.#request(inner, request),
      watch: (request) => this.#watch(inner, request),
      close: async () => {},
    };
  }

  influx(inner: InfluxTransport): InfluxTransport {
    return {
      send: async (request) => await this.#ask(inner, request),
      shown: (tls) => inner.shown?.(tls),
      close: async () => {},
    };
  }

  async #request(inner: Transport, request: ApiRequest): Promise<unknown> {
    const { traffic, onWrite } = this.#options;
    if (this.dead) throw this.#lost();
    if (isEvent(request.path)) return await inner.request(request);
    if (!isCollection(request)) traffic.requests.push(`${request.method} ${request.path}`);
    const write = kubeWrite(request);
    const strike = write && onWrite(write);
    return await traffic.pass(() => this.#send(strike, () => inner.request(request), request.method));
  }

  async *#watch(inner: Transport, request: ApiRequest): AsyncGenerator<WatchEvent> {
    if (this.dead) throw this.#lost();
    for await (const event of inner.watch(request)) {
      if (this.dead) throw this.#lost();
      if (event.type !== 'BOOKMARK') this.#options.traffic.touch();
      yield event;
    }
  }

  async #ask(inner: InfluxTransport, request: InfluxRequest): Promise<InfluxResponse> {
    const { product, traffic, onWrite, onCrash } = this.#options;
    if (this.dead) throw new product.InfluxError('Unreachable', 'killed');
    traffic.asked += 1;
    const write = influxWrite(request);
    if (write !== undefined) traffic.requests.push(write.what);
    const strike = write && onWrite(write);
    if (strike === undefined) return await traffic.pass(() => inner.send(request));
    if (strike.sent) await traffic.pass(() => inner.send(request)).catch(() => undefined);
    if (strike.crash) onCrash();
    if (strike.answer === 'Lost') throw new product.InfluxError('Unreachable', 'the connection broke');
    const body = '{"error":"the harness says no"}\n';
    return { status: strike.answer, headers: { 'content-type': 'application/json' }, body };
  }

  async #send(strike: Strike | undefined, send: () => Promise<unknown>, method: string): Promise<unknown> {
    if (strike === undefined) return await send();
    if (strike.sent) await send().catch(() => undefined);
    if (strike.crash) this.#options.onCrash();
    if (strike.answer === 'Lost') throw this.#lost();
    throw this.#refusal(strike.answer, method);
  }

  #lost(): Error {
    const { ApiError } = this.#options.product;
    return new ApiError({ code: 0, reason: 'ConnectionReset', message: 'the connection broke' });
  }

  #refusal(code: number, method: string): Error {
    const { ApiError } = this.#options.product;
    const reasons: Record<number, string> = {
      409: method === 'POST' ? 'AlreadyExists' : 'Conflict',
      429: 'TooManyRequests',
      500: 'InternalError',
      504: 'Timeout',
    };
    const retryAfterMs = code === 429 ? 1_000 : undefined;
    return new ApiError({
      code,
      reason: reasons[code] ?? 'Unknown',
      message: 'the harness says no',
      retryAfterMs,
    });
  }
}

/** Lists: an instance that starts, or whose watch ended, asks for them whatever there is to do. */
function isCollection({ method, query }: ApiRequest): boolean {
  return method === 'GET' && query?.['limit'] !== undefined;
}
