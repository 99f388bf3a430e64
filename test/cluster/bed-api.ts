import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS } from '../patience.ts';
import type { Access } from './kubeconfig.ts';

/** A request that got lost is sent again by whoever waits: a part of what they have. */
const ANSWER_MS = PATIENCE_MS / 6;

/** The API server answered with something else than success, or not at all (status 0). */
export class BedApiError extends Error {
  override readonly name = 'BedApiError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The few requests that a bed makes itself to see whether it is ready. Small on purpose and apart from the
 * operator's client, which the bed exists to test.
 */
export class BedApi {
  readonly #access: Access;
  readonly #agent: Agent;

  constructor(access: Access) {
    this.#access = access;
    this.#agent = new Agent({ keepAlive: true, ca: access.ca });
  }

  /** @returns the parsed JSON answer, or its text where it is none */
  async send(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<unknown> {
    const { status, text } = await this.#exchange(method, path, body, contentType);
    if (status >= 300) throw new BedApiError(status, `${method} ${path}: ${status} ${text.slice(0, 500)}`);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }

  async get<T>(path: string): Promise<T | undefined> {
    try {
      return (await this.send('GET', path)) as T;
    } catch (error) {
      if (error instanceof BedApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Server-side apply, forced: manifests of the bed are the bed's. */
  async apply(path: string, object: unknown): Promise<unknown> {
    return this.send('PATCH', `${path}?fieldManager=bed&force=true`, object, 'application/apply-patch+yaml');
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(
    method: string,
    path: string,
    body: unknown,
    contentType: string,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = { authorization: `Bearer ${this.#access.token}` };
      const sentText = body === undefined ? '' : JSON.stringify(body);
      if (body !== undefined) headers['content-type'] = contentType;
      // Node tells the length of a body by itself for every method but DELETE: there it would start the next request.
      if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(sentText));
      const sent = request(
        new URL(path, this.#access.server),
        { method, headers, agent: this.#agent, timeout: ANSWER_MS },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => (text += chunk));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
          answer.on('error', fail);
        },
      );
      const fail = (error: Error): void => reject(new BedApiError(0, `${method} ${path}: ${error.message}`));
      sent.on('error', fail);
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
      sent.end(sentText);
    });
  }
}

export interface WaitOptions {
  timeoutMs: number;
  everyMs?: number;
  /** Ends the wait by throwing its reason, for example the death of a component. */
  signal?: AbortSignal;
}

/** Asks until the answer is neither undefined nor false; an error is a no. The timeout's error names the last one. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const end = performance.now() + options.timeoutMs;
  let last = '';
  while (performance.now() < end) {
    options.signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = `: ${String(error)}`;
    }
    await delay(options.everyMs ?? 50);
  }
  throw new Error(`${what}: not after ${options.timeoutMs} ms${last}`);
}
