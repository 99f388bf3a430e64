import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { Agent, request } from 'undici';

/** A refusal of the API server. */
export class FakeApiError extends Error {
  override readonly name = 'FakeApiError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface RawEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

/**
 * The least client that a fake needs. It is its own on purpose: the client of the operator is among the things that
 * are tested with the fakes.
 */
export class FakeApi {
  readonly #server: string;
  readonly #headers: Record<string, string>;
  readonly #calls: Agent;
  readonly #watches: Agent;

  private constructor(server: string, headers: Record<string, string>, connect: object) {
    this.#server = server;
    this.#headers = headers;
    this.#calls = new Agent({ connections: 16, connect });
    // A pool with a limit would make a watch wait for another one to end.
    this.#watches = new Agent({ connect, bodyTimeout: 0, headersTimeout: 0 });
  }

  /** The current context of a kubeconfig, with a token or a client certificate. */
  static async open(kubeconfig: string): Promise<FakeApi> {
    const config = load(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
    const context = config.contexts.find(({ name }) => name === config['current-context'])?.context;
    const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
    const user = config.users.find(({ name }) => name === context?.user)?.user;
    if (!cluster || !user) {
      throw new Error(`${kubeconfig} names no cluster and user by its current context`);
    }
    const connect = {
      ca: await pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
      cert: await pem(user['client-certificate-data'], user['client-certificate']),
      key: await pem(user['client-key-data'], user['client-key']),
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    };
    return new FakeApi(cluster.server, user.token ? { authorization: `Bearer ${user.token}` } : {}, connect);
  }

  get<T>(path: string): Promise<T> {
    return this.#call('GET', path) as Promise<T>;
  }

  /** Undefined when there is none. */
  async find<T>(path: string): Promise<T | undefined> {
    return this.get<T>(path).catch(ignore(404));
  }

  post(path: string, body: object): Promise<unknown> {
    return this.#call('POST', path, body, 'application/json');
  }

  /** A JSON merge patch. */
  merge(path: string, body: object): Promise<unknown> {
    return this.#call('PATCH', path, body, 'application/merge-patch+json');
  }

  /** Deleting what is gone, or has been made anew with another uid, is fine. */
  async delete(path: string, uid: string, gracePeriodSeconds?: number): Promise<void> {
    const body = { preconditions: { uid }, ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }) };
    await this.#call('DELETE', path, body, 'application/json').catch(ignore(404, 409));
  }

  /** Lists, follows the changes, and starts over whenever the stream ends. `onList` gets all that exists. */
  async follow<T extends { metadata: object }>(
    path: string,
    signal: AbortSignal,
    onList: (objects: T[]) => void,
    onEvent: (event: RawEvent<T>) => void,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        const list = await this.get<{ items: T[]; metadata: { resourceVersion: string } }>(path);
        onList(list.items);
        for await (const event of this.#watch<T>(path, list.metadata.resourceVersion, signal)) {
          onEvent(event);
        }
      } catch {
        // An API server that restarts is an ordinary thing here: list again.
      }
      await pause(100, signal);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#watches.destroy()]);
  }

  async *#watch<T>(path: string, resourceVersion: string, signal: AbortSignal): AsyncGenerator<RawEvent<T>> {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
    const { statusCode, body } = await request(`${this.#server}${path}?${query}`, {
      dispatcher: this.#watches,
      headers: this.#headers,
      signal,
    });
    if (statusCode !== 200) {
      throw new FakeApiError(statusCode, await body.text());
    }
    let rest = '';
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const event = JSON.parse(line) as RawEvent<T>;
        if (event.type === 'ERROR') {
          return;
        }
        yield event;
      }
    }
  }

  async #call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    contentType?: string,
  ): Promise<unknown> {
    const response = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#calls,
      headers: { ...this.#headers, ...(contentType && { 'content-type': contentType }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) {
      throw new FakeApiError(response.statusCode, `${method} ${path}: ${text.slice(0, 500)}`);
    }
    return JSON.parse(text) as unknown;
  }
}

/** For catch(): these codes mean that there is nothing to do. */
export const ignore =
  (...codes: number[]) =>
  (reason: unknown): undefined => {
    if (!(reason instanceof FakeApiError && codes.includes(reason.code))) {
      throw reason;
    }
    return undefined;
  };

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}

async function pem(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  return data ? Buffer.from(data, 'base64').toString() : file ? await readFile(file, 'utf8') : undefined;
}

type Named<K extends string, T> = ({ name: string } & Record<K, T>)[];

interface Kubeconfig {
  'current-context': string;
  contexts: Named<'context', { cluster: string; user: string }>;
  clusters: Named<
    'cluster',
    {
      server: string;
      'certificate-authority'?: string;
      'certificate-authority-data'?: string;
      'insecure-skip-tls-verify'?: boolean;
    }
  >;
  users: Named<
    'user',
    {
      token?: string;
      'client-certificate'?: string;
      'client-certificate-data'?: string;
      'client-key'?: string;
      'client-key-data'?: string;
    }
  >;
}
