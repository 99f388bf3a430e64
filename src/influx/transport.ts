import { TLSSocket } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { askingBeforeSend, type BeforeSend } from '../kube/api/before-send.ts';
import { InfluxError } from './influx-error.ts';

/** Where an engine listens. `host` is an address or a name; with `tls` the certificate must be for `servername`. */
export interface InfluxEndpoint {
  host: string;
  port: number;
  tls?: InfluxTls;
}

export interface InfluxTls {
  /** PEM, one or more certificates; nothing else is trusted. */
  ca: string;
  servername: string;
}

export interface InfluxRequest extends InfluxEndpoint {
  method: 'GET' | 'HEAD' | 'POST';
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string;
  auth?: { username: string; password: string };
  /** From the first byte of the connection to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** The certificate that an engine shows. */
export interface ShownCertificate {
  /** SHA-256 of the whole certificate, lower-case hexadecimal. */
  fingerprint: string;
  notAfter: Date;
}

export interface InfluxResponse {
  status: number;
  /** Names in lower case; of a repeated header the first value. */
  headers: Record<string, string>;
  body: string;
}

/**
 * The one funnel to the engines' HTTP API; fakes and the crash harness stand in for it.
 * `send` answers with any status the engine gave. It throws InfluxError when there was no whole answer, and
 * the signal's own reason when the caller gave up.
 */
export interface InfluxTransport {
  send(request: InfluxRequest): Promise<InfluxResponse>;
  /** What the engine showed at the newest connection; undefined when there was none lately. Fakes may not know. */
  shown?(tls: InfluxTls): ShownCertificate | undefined;
  close(): Promise<void>;
}

/** An answer longer than this is an error: the operator asks small questions and must not be made to swell. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A thousand databases asked every minute should not keep a thousand sockets open. */
const KEEP_ALIVE_MS = 4_000;
const CONNECTIONS_PER_ENDPOINT = 2;
/** Trust belongs to the dispatcher; the ones used least recently are closed. */
const MAX_TLS_DISPATCHERS = 64;

export interface HttpInfluxOptions {
  /**
   * Asked when there is a connection, before anything but a GET goes out: a process that leads no more sends no
   * statement to a database, however long it had to wait. Default: always.
   */
  readonly maySend?: () => boolean;
}

export class HttpInfluxTransport implements InfluxTransport {
  readonly #plain: Dispatcher = new Agent(dispatcherOptions()).compose(askingBeforeSend);
  readonly #maySend: () => boolean;
  /** By trust anchor and name; insertion order is order of use. */
  readonly #tls = new Map<string, TlsAgent>();

  constructor({ maySend = () => true }: HttpInfluxOptions = {}) {
    this.#maySend = maySend;
  }

  async send(request: InfluxRequest): Promise<InfluxResponse> {
    request.signal?.throwIfAborted();
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(timedOut(request)), request.timeoutMs);
    const cancel = (): void => deadline.abort(request.signal?.reason);
    request.signal?.addEventListener('abort', cancel, { once: true });
    try {
      const options: Dispatcher.RequestOptions & BeforeSend = {
        beforeSend: request.method === 'POST' ? () => this.#ask() : undefined,
        ...target(request),
        method: request.method,
        headers: headersOf(request),
        body: request.body ?? null,
        signal: deadline.signal,
      };
      const answer = await this.#dispatcher(request.tls).request(options);
      return {
        status: answer.statusCode,
        headers: firstValues(answer.headers),
        body: await answer.body.text(),
      };
    } catch (reason) {
      if (request.signal?.aborted) throw request.signal.reason;
      throw InfluxError.from(deadline.signal.aborted ? deadline.signal.reason : reason);
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', cancel);
    }
  }

  shown(tls: InfluxTls): ShownCertificate | undefined {
    return this.#tls.get(keyOf(tls))?.shown;
  }

  async close(): Promise<void> {
    const all = [this.#plain, ...[...this.#tls.values()].map(({ agent }) => agent)];
    this.#tls.clear();
    await Promise.all(all.map((agent) => agent.destroy()));
  }

  #ask(): void {
    if (!this.#maySend()) throw new InfluxError('Unreachable', 'not sent, this process does not lead');
  }

  #dispatcher(tls: InfluxTls | undefined): Dispatcher {
    if (!tls) return this.#plain;
    const key = keyOf(tls);
    const used = this.#tls.get(key) ?? tlsAgent(tls);
    this.#tls.delete(key);
    this.#tls.set(key, used);
    const [oldest] = this.#tls;
    if (oldest && this.#tls.size > MAX_TLS_DISPATCHERS) {
      this.#tls.delete(oldest[0]);
      void oldest[1].agent.close(); // lets requests under way end
    }
    return used.agent;
  }
}

interface TlsAgent {
  readonly agent: Dispatcher;
  shown: ShownCertificate | undefined;
}

function keyOf(tls: InfluxTls): string {
  return `${tls.servername}\n${tls.ca}`;
}

function tlsAgent({ ca, servername }: InfluxTls): TlsAgent {
  const connect = buildConnector({
    ca,
    servername,
    minVersion: 'TLSv1.2',
    allowH2: false,
    // A certificate of the user's own may come without its root: then what it leads to is trusted as it is.
    allowPartialTrustChain: true,
  });
  const made: TlsAgent = {
    agent: new Agent(
      dispatcherOptions((options, callback) =>
        connect(options, (...result) => {
          made.shown = certificateOf(result[1]) ?? made.shown;
          callback(...result);
        }),
      ),
    ).compose(askingBeforeSend),
    shown: undefined,
  };
  return made;
}

function certificateOf(socket: unknown): ShownCertificate | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return undefined;
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  return { fingerprint, notAfter: certificate.validToDate };
}

function dispatcherOptions(connect: Agent.Options['connect'] = {}): Agent.Options {
  return {
    allowH2: false, // the engine speaks HTTP/1.1
    connections: CONNECTIONS_PER_ENDPOINT,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0, // the deadline of the request covers both
    bodyTimeout: 0,
    maxResponseSize: MAX_ANSWER_BYTES,
    connect,
  };
}

function target(request: InfluxRequest): { origin: string; path: string } {
  const host = request.host.includes(':') ? `[${request.host}]` : request.host;
  const query = request.query ? `?${new URLSearchParams(request.query).toString()}` : '';
  return {
    origin: `${request.tls ? 'https' : 'http'}://${host}:${request.port}`,
    path: `${request.path}${query}`,
  };
}

function headersOf(request: InfluxRequest): Record<string, string> {
  const headers = { ...request.headers };
  // undici takes the name for the certificate from the Host header when there is one.
  if (request.tls) headers['host'] = `${request.tls.servername}:${request.port}`;
  if (request.auth) {
    const pair = `${request.auth.username}:${request.auth.password}`;
    headers['authorization'] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  return headers;
}

function firstValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) out[name.toLowerCase()] = first;
  }
  return out;
}

function timedOut(request: InfluxRequest): InfluxError {
  return new InfluxError(
    'Timeout',
    `no answer to ${request.method} ${request.path} within ${request.timeoutMs} ms`,
  );
}
