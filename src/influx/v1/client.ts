import { type Credentials } from '../credentials.ts';
import type { InfluxEndpoint, InfluxResponse, InfluxTransport } from '../transport.ts';
import { InfluxError, type InfluxErrorKind } from '../influx-error.ts';
import { parseResults, type StatementResult } from './results.ts';
import { redact } from '../redact.ts';
import { normaliseVersion } from './version.ts';

export interface QueryOptions {
  /** The database of statements that don't name one. */
  db?: string;
  signal?: AbortSignal | undefined;
}

export interface WriteOptions {
  /** Of the lines' timestamps; default nanoseconds. */
  precision?: 'ns' | 'u' | 'ms' | 's' | 'm' | 'h';
  /** Retention policy; default the database's own. */
  rp?: string;
  signal?: AbortSignal | undefined;
}

export interface InfluxClientOptions {
  /** For one request and its whole answer, milliseconds. Default 10,000. */
  timeoutMs?: number;
}

/** One engine (1.x API) as one user. Every method throws InfluxError; messages never hold a password. */
export class InfluxClient {
  readonly #transport: InfluxTransport;
  readonly #endpoint: InfluxEndpoint;
  readonly #credentials: Credentials | undefined;
  readonly #timeoutMs: number;

  constructor(
    transport: InfluxTransport,
    endpoint: InfluxEndpoint,
    credentials?: Credentials,
    options: InfluxClientOptions = {},
  ) {
    this.#transport = transport;
    this.#endpoint = endpoint;
    this.#credentials = credentials;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /** The version that answers, as in the catalogue (`1.8.10`). Sends no credentials: /ping asks for none. */
  async ping(signal?: AbortSignal): Promise<string> {
    const answer = await this.#transport.send({
      ...this.#endpoint,
      method: 'GET',
      path: '/ping',
      timeoutMs: this.#timeoutMs,
      signal,
    });
    if (answer.status >= 300) throw this.#refusal(answer, '');
    const version = answer.headers['x-influxdb-version'];
    if (version === undefined) throw new InfluxError('Protocol', 'what answers /ping is no InfluxDB');
    return normaliseVersion(version);
  }

  /**
   * Runs statements in one request and gives one result for each, in their order. After one that failed the
   * engine does not execute the rest: their results are errors with `isNotExecuted`.
   * A request refused as a whole (401, 403, a syntax error anywhere) throws.
   */
  async query(
    statements: string | readonly string[],
    options: QueryOptions = {},
  ): Promise<StatementResult[]> {
    const list = typeof statements === 'string' ? [statements] : statements;
    // Always in the body: the URL of a request is what access logs keep.
    const form = new URLSearchParams({ q: list.join(';\n') });
    if (options.db !== undefined) form.set('db', options.db);
    const answer = await this.#post('/query', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      signal: options.signal,
    });
    const text = list.join('\n');
    if (answer.status !== 200) throw this.#refusal(answer, text);
    return parseResults(answer.body, list.length, (message) => redact(message, text, this.#credentials));
  }

  /** Like `query` for one statement, throwing its error too. */
  async one(statement: string, options: QueryOptions = {}): Promise<StatementResult> {
    const [result] = await this.query(statement, options);
    if (!result) throw new InfluxError('Protocol', 'the engine gave no result');
    if (result.error) throw result.error;
    return result;
  }

  /** The engine's statistics, by module. Administrators only from 1.7 on. */
  async debugVars(signal?: AbortSignal): Promise<Record<string, unknown>> {
    const answer = await this.#transport.send({
      ...this.#endpoint,
      method: 'GET',
      path: '/debug/vars',
      timeoutMs: this.#timeoutMs,
      signal,
      ...(this.#credentials ? { auth: this.#credentials } : {}),
    });
    if (answer.status !== 200) throw this.#refusal(answer, '');
    try {
      const vars: unknown = JSON.parse(answer.body);
      if (typeof vars === 'object' && vars !== null) return vars as Record<string, unknown>;
    } catch {
      // not JSON: not an engine
    }
    throw new InfluxError('Protocol', 'what answers /debug/vars is no InfluxDB');
  }

  /** Writes lines of line protocol. A partial write (some points dropped) is an error of kind Refused. */
  async write(db: string, lines: string | readonly string[], options: WriteOptions = {}): Promise<void> {
    const query: Record<string, string> = { db };
    if (options.rp !== undefined) query['rp'] = options.rp;
    if (options.precision !== undefined) query['precision'] = options.precision;
    const answer = await this.#post('/write', {
      query,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: typeof lines === 'string' ? lines : lines.join('\n'),
      signal: options.signal,
    });
    if (answer.status !== 204) throw this.#refusal(answer, '');
  }

  #post(
    path: string,
    request: {
      query?: Record<string, string>;
      headers: Record<string, string>;
      body: string;
      signal: AbortSignal | undefined;
    },
  ): Promise<InfluxResponse> {
    return this.#transport.send({
      ...this.#endpoint,
      ...request,
      method: 'POST',
      path,
      timeoutMs: this.#timeoutMs,
      ...(this.#credentials ? { auth: this.#credentials } : {}),
    });
  }

  #refusal(answer: InfluxResponse, statements: string): InfluxError {
    const { status } = answer;
    const words = redact(engineWords(answer), statements, this.#credentials);
    if (isInfluxAnswer(answer)) return new InfluxError(REFUSAL_KINDS[status] ?? 'Refused', words, { status });
    // What a proxy says of users and rights is not about those of the engine.
    return new InfluxError('Protocol', `what answers is no InfluxDB (HTTP status ${status}): ${words}`, {
      status,
    });
  }
}

const REFUSAL_KINDS: Readonly<Record<number, InfluxErrorKind>> = { 401: 'Unauthorized', 403: 'Forbidden' };

/** 1.x says `{"error":"..."}`; older paths only a header; a proxy or a TLS listener whatever it likes. */
function engineWords(answer: InfluxResponse): string {
  const header = answer.headers['x-influxdb-error'];
  if (header) return header;
  try {
    const body: unknown = JSON.parse(answer.body);
    if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string')
      return body.error;
  } catch {
    // not JSON: shown as it is
  }
  return answer.body.trim().slice(0, 200) || `HTTP status ${answer.status}`;
}

function isInfluxAnswer(answer: InfluxResponse): boolean {
  return 'x-influxdb-version' in answer.headers || 'x-influxdb-error' in answer.headers;
}
