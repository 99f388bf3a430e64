import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';
import { checkHost, guardedLookup, type EndpointRule } from '../store/endpoint-guard.ts';
import { JobError } from '../job/job-error.ts';
import { parseExactly } from './exact-json.ts';
import type { SourceAddress } from './source-url.ts';

/** A part of a series of an answer; numbers are the text they were written as. */
export interface Part {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly values: readonly (readonly unknown[])[];
}

export interface SourceTrust {
  readonly rule: EndpointRule;
  /** PEM; trusted beside the public authorities. */
  readonly authority?: string | undefined;
}

const ROWS = 2_000;
/** One part of an answer: so many rows with strings of the greatest length would be refused. */
const MAX_PART = 64 * 1024 * 1024;
const CONNECT_MS = 15_000;
/** A count over years answers nothing until it is done. */
const SILENT_MS = 30 * 60_000;

/** A server of InfluxDB 1.x that is asked for more than fits into memory: answers come part by part. */
export class QueryStream implements AsyncDisposable {
  readonly #address: SourceAddress;
  readonly #agent: Agent;
  readonly #signal: AbortSignal;

  /** @throws JobError EndpointForbidden */
  constructor(address: SourceAddress, { rule, authority }: SourceTrust, signal: AbortSignal) {
    checkHost(address.host, rule);
    this.#address = address;
    this.#signal = signal;
    this.#agent = new Agent({
      allowH2: false,
      connections: 2,
      pipelining: 1,
      headersTimeout: SILENT_MS,
      bodyTimeout: SILENT_MS,
      connect: {
        timeout: CONNECT_MS,
        lookup: guardedLookup(rule),
        ...(authority === undefined ? {} : { ca: [...rootCertificates, authority] }),
      },
    });
  }

  /** The parts of the answer to one statement. What ends before its end is an error. @throws JobError */
  async *ask(statement: string): AsyncGenerator<Part, void, undefined> {
    const body = await this.#post(statement);
    let isWhole = false;
    for await (const line of this.#lines(body)) {
      const { parts, more } = this.#parsed(line);
      isWhole = !more;
      yield* parts;
    }
    if (!isWhole) throw new JobError('SourceUnreachable', 'The answer of the source ended before its end.');
  }

  /** For answers that fit into memory: rows by column are the caller's to read. @throws JobError */
  async all(statement: string): Promise<Part[]> {
    const parts: Part[] = [];
    for await (const part of this.ask(statement)) parts.push(part);
    return parts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(statement: string): Promise<AsyncIterable<Buffer>> {
    const { origin, credentials, database } = this.#address;
    const form = { q: statement, db: database, epoch: 'ns', chunked: 'true', chunk_size: String(ROWS) };
    const basic = credentials && Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8');
    try {
      const answer = await this.#agent.request({
        origin,
        path: '/query',
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(basic === undefined ? {} : { authorization: `Basic ${basic.toString('base64')}` }),
        },
        body: new URLSearchParams(form).toString(),
        signal: this.#signal,
      });
      if (answer.statusCode === 200) return answer.body as AsyncIterable<Buffer>;
      const said = (await answer.body.text()).slice(0, 2_000);
      throw this.#refusal(answer.statusCode, said);
    } catch (error) {
      throw this.#broken(error);
    }
  }

  async *#lines(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
    let rest: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of body) {
        let from = 0;
        for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
          const line = Buffer.concat([...rest, chunk.subarray(from, at)]).toString('utf8');
          rest = [];
          length = 0;
          from = at + 1;
          if (line.trim() !== '') yield line;
        }
        length += chunk.length - from;
        if (length > MAX_PART)
          throw new JobError(
            'SourceRefused',
            `The source answers with more than ${MAX_PART} bytes in one line.`,
          );
        if (from < chunk.length) rest.push(chunk.subarray(from));
      }
    } catch (error) {
      throw this.#broken(error);
    }
    const line = Buffer.concat(rest).toString('utf8');
    if (line.trim() !== '') yield line;
  }

  #parsed(line: string): { parts: Part[]; more: boolean } {
    const document = read(line);
    if (document === undefined)
      throw new JobError('SourceUnreachable', 'What answers at the source does not talk like InfluxDB.');
    const { error = document.results?.find((each) => each.error !== undefined)?.error } = document;
    if (error !== undefined) throw this.#refusal(200, JSON.stringify({ error }));
    const results = document.results ?? [];
    const parts = results.flatMap(({ series = [] }) =>
      series.map(({ name = '', tags = {}, values = [] }) => ({ name, tags, values })),
    );
    return { parts, more: results.some(({ partial }) => partial === true) };
  }

  #refusal(status: number, said: string): JobError {
    const { password } = this.#address.credentials ?? {};
    const told = read(said)?.error ?? '';
    const clean = (password === undefined ? told : told.replaceAll(password, '***')).slice(0, 300);
    const words = clean === '' ? `status ${status}` : clean;
    if (status === 401 || status === 403 || /^unauthorized|not authorized/.test(told))
      return new JobError(
        'SourceDenied',
        `The source refuses the user of the URL, or what it may do: ${words}.`,
      );
    const isBusy = status === 429 || status >= 500 || /timeout|exceeded|shutdown|closed/.test(told);
    if (isBusy) return new JobError('SourceUnreachable', `The source cannot do it now: ${words}.`);
    return new JobError('SourceRefused', `The source does not do what it is asked for: ${words}.`);
  }

  #broken(error: unknown): JobError {
    this.#signal.throwIfAborted();
    if (error instanceof JobError) return error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason given';
    if (/^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH)/.test(code))
      return new JobError(
        'SourceDenied',
        `The certificate of the source is not trusted (${code}); put its authority into the entry ca.crt of the Secret.`,
      );
    return new JobError('SourceUnreachable', `The source cannot be reached, or broke off (${code}).`);
  }
}

interface Document {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly partial?: boolean;
    readonly series?: readonly {
      readonly name?: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly values?: readonly (readonly unknown[])[];
    }[];
  }[];
}

/** Whoever answers is a stranger: what is no object, or has no results, is nothing. */
function read(text: string): Document | undefined {
  try {
    const found = parseExactly(text);
    if (typeof found !== 'object' || found === null) return undefined;
    const { error, results } = found as Record<string, unknown>;
    if (typeof error === 'string') return { error };
    return Array.isArray(results) ? (found as Document) : undefined;
  } catch {
    return undefined;
  }
}
