import { ApiError } from '../api/api-error.ts';
import { errorOf } from '../api/status.ts';
import type { ApiRequest, Transport, WatchEvent } from '../api/transport.ts';
import type { FakeApi } from './fake-api.ts';

/**
 * What goes wrong with a request: the connection breaks before it arrives (`lost`) or after it was carried out
 * (`answer-lost`), the server refuses it, or nobody ever answers (`hang`, until its signal is aborted).
 */
export type Fault =
  | { what: 'lost' | 'answer-lost' | 'hang' }
  | { what: 'refuse'; code: number; reason?: string; retryAfterMs?: number };

/** A Transport straight to the fake, without sockets: for virtual time and for many runs. */
export class FakeTransport implements Transport {
  readonly #api: FakeApi;
  /** Asked for each request and watch; may be replaced at any time. */
  fault: (request: ApiRequest, what: 'request' | 'watch') => Fault | undefined = () => undefined;

  constructor(api: FakeApi) {
    this.#api = api;
  }

  async request(request: ApiRequest): Promise<unknown> {
    await Promise.resolve();
    const fault = this.fault(request, 'request');
    await suffer(fault, request);
    refuseAborted(request);
    const { code, body } = this.#api.handle(request);
    // A request that was carried out, whose caller never learns of it.
    if (fault?.what === 'answer-lost') throw lost();
    if (code >= 400) throw errorOf(request, code, body);
    return body;
  }

  async *watch(request: ApiRequest): AsyncGenerator<WatchEvent> {
    const fault = this.fault(request, 'watch');
    await suffer(fault, request);
    refuseAborted(request);
    const stream = this.#api.watch(request);
    request.begun?.();
    const onAbort = (): void => stream.end(aborted());
    request.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      yield* stream;
    } finally {
      request.signal?.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {}
}

async function suffer(fault: Fault | undefined, request: ApiRequest): Promise<void> {
  if (fault?.what === 'lost') throw lost();
  if (fault?.what === 'hang') await hang(request.signal);
  if (fault?.what === 'refuse')
    throw errorOf(
      request,
      fault.code,
      fault.reason ? { kind: 'Status', reason: fault.reason } : undefined,
      fault.retryAfterMs,
    );
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(aborted());
    signal?.addEventListener('abort', () => reject(aborted()), { once: true });
  });
}

function refuseAborted(request: ApiRequest): void {
  if (request.signal?.aborted) throw aborted();
}

function lost(): ApiError {
  return new ApiError({ code: 0, reason: 'ConnectionReset', message: 'the connection was reset' });
}

function aborted(): ApiError {
  return new ApiError({ code: 0, reason: 'Aborted', message: 'aborted' });
}
