import { createSecureContext } from 'node:tls';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { ApiError } from './api-error.ts';
import { askingBeforeSend, type BeforeSend } from './before-send.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Credentials } from './credentials.ts';
import { Authorization } from './credentials.ts';
import { jsonLines } from './json-lines.ts';
import { given } from '../objects/given.ts';
import { errorOf } from './status.ts';
import type { ApiRequest, Transport, WatchEvent } from './transport.ts';

export interface HttpTransportOptions {
  credentials: Credentials;
  userAgent: string;
  /** Connections for requests; watches have their own, without a limit. Default 32. */
  connections?: number;
  /** For requests that name none, in milliseconds. Default 30 s. */
  timeoutMs?: number;
  /** Told after every request and when a watch has begun or was refused: for metrics. */
  onRequest?: (done: RequestDone) => void;
  clock?: Clock;
}

export interface RequestDone {
  /** `WATCH` for watches. */
  method: string;
  /** `statefulsets`, `statefulsets/status`: few values, fit for a metric's label. */
  resource: string;
  /** HTTP status; 0 when no answer came. */
  code: number;
  ms: number;
}

/**
 * The Kubernetes API over HTTP/1.1. One connection carries one watch for minutes, so with a common limit
 * enough watches would leave none for requests: each side has its own dispatcher.
 */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #clock: Clock;
  readonly #authorization: Authorization;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #requests: Dispatcher;
  readonly #watches: Dispatcher;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#authorization = new Authorization(options.credentials, this.#clock);
    const { ca, clientCert, clientKey, insecure, server } = options.credentials;
    const url = new URL(server);
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    const files = given({ ca, cert: clientCert, key: clientKey });
    const connect = {
      // Once for all connections: to read keys and certificates anew costs each a good part of its handshake.
      ...(Object.keys(files).length === 0 ? {} : { secureContext: createSecureContext(files) }),
      rejectUnauthorized: insecure !== true,
      timeout: 10_000,
      keepAlive: true,
      keepAliveInitialDelay: 15_000,
    };
    this.#requests = new Agent({
      connect,
      allowH2: false,
      connections: options.connections ?? 32,
    }).compose(askingBeforeSend);
    this.#watches = new Agent({ connect, allowH2: false, connections: null, bodyTimeout: 0 });
  }

  async request(request: ApiRequest): Promise<unknown> {
    using deadline = new Deadline(request.signal, request.timeoutMs ?? this.#options.timeoutMs ?? 30_000);
    return await this.#measured(request.method, request, async () => {
      const answer = await this.#send(this.#requests, request, deadline.signal);
      const text = await answer.body.text();
      if (answer.statusCode >= 400) throw this.#refusal(request, answer, text);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    });
  }

  async *watch(request: ApiRequest): AsyncGenerator<WatchEvent> {
    // The server begins its answer at once, also when nothing has happened yet.
    using deadline = new Deadline(request.signal, this.#options.timeoutMs ?? 30_000);
    const answer = await this.#measured('WATCH', request, async () => {
      const begun = await this.#send(this.#watches, request, deadline.signal);
      if (begun.statusCode >= 400) throw this.#refusal(request, begun, await begun.body.text());
      return begun;
    });
    deadline.lift();
    request.begun?.();
    try {
      for await (const event of jsonLines(answer.body)) yield event as WatchEvent;
    } catch (error) {
      throw asApiError(error, request);
    }
  }

  /** An answer that is no JSON, such as a log, as it comes, however long that takes. */
  async *text(request: ApiRequest): AsyncGenerator<Uint8Array> {
    using deadline = new Deadline(request.signal, this.#options.timeoutMs ?? 30_000);
    const answer = await this.#measured(request.method, request, async () => {
      const begun = await this.#send(this.#watches, { ...request, accept: '*/*' }, deadline.signal);
      if (begun.statusCode >= 400) throw this.#refusal(request, begun, await begun.body.text());
      return begun;
    });
    deadline.lift();
    try {
      for await (const chunk of answer.body) yield chunk as Uint8Array;
    } catch (error) {
      throw asApiError(error, request);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#watches.destroy()]);
  }

  async #send(agent: Dispatcher, request: ApiRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const authorization = await this.#authorization.header();
    const query = request.query ? `?${new URLSearchParams(request.query).toString()}` : '';
    const hasBody = request.body !== undefined;
    const options: Dispatcher.RequestOptions & BeforeSend = {
      beforeSend: request.beforeSend,
      origin: this.#origin,
      path: `${this.#prefix}${request.path}${query}`,
      method: request.method,
      signal,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': this.#options.userAgent,
        ...(authorization === undefined ? {} : { authorization }),
        ...(hasBody ? { 'content-type': request.contentType ?? 'application/json' } : {}),
      },
      body: hasBody ? JSON.stringify(request.body) : null,
    };
    return agent.request(options);
  }

  #refusal(request: ApiRequest, answer: Dispatcher.ResponseData, text: string): ApiError {
    // The token file may have been replaced since it was read.
    if (answer.statusCode === 401) this.#authorization.forget();
    return errorOf(request, answer.statusCode, parsed(text), retryAfterMs(answer.headers['retry-after']));
  }

  async #measured<R>(method: string, request: ApiRequest, run: () => Promise<R>): Promise<R> {
    const start = this.#clock.monotonic();
    let code = 200;
    try {
      return await run();
    } catch (error) {
      const failure = asApiError(error, request);
      code = failure.code;
      throw failure;
    } finally {
      const resource = resourceOf(request.path);
      this.#options.onRequest?.({ method, resource, code, ms: this.#clock.monotonic() - start });
    }
  }
}

/** `/apis/apps/v1/namespaces/a/statefulsets/b/status` -> `statefulsets/status`. */
export function resourceOf(path: string): string {
  const parts = path.split('/').slice(1);
  let rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  if (rest[0] === 'namespaces' && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? ''))
    rest = rest.slice(2);
  if (rest[0] === undefined) return parts[0] ?? '';
  return rest[2] === undefined ? rest[0] : `${rest[0]}/${rest[2]}`;
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** Aborts with its parent or after `ms`, and lets go of the parent when disposed. */
class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #timeout: NodeJS.Timeout;
  readonly #onParentAbort = (): void => this.#controller.abort(this.#parent?.reason);

  constructor(parent: AbortSignal | undefined, ms: number) {
    this.#parent = parent;
    this.#timeout = setTimeout(
      () => this.#controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')),
      ms,
    );
    if (parent?.aborted) this.#onParentAbort();
    else parent?.addEventListener('abort', this.#onParentAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time no longer counts; the parent's signal still does. */
  lift(): void {
    clearTimeout(this.#timeout);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timeout);
    this.#parent?.removeEventListener('abort', this.#onParentAbort);
  }
}

function asApiError(error: unknown, request: ApiRequest): ApiError {
  if (error instanceof ApiError) return error;
  const { code, reason, message, cause } = ApiError.from(error);
  // An aborted signal's reason is what is thrown, and may be anything.
  const why = request.signal?.aborted && reason !== 'Timeout' ? 'Aborted' : reason;
  return new ApiError({
    code,
    reason: why,
    message: `${request.method} ${request.path}: ${message}`,
    cause,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds or an HTTP date, to milliseconds. */
function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
