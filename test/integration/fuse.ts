import type { InfluxRequest, InfluxTransport } from '../../src/influx/transport.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import type { ApiRequest, Transport } from '../../src/kube/api/transport.ts';

/** What happens to the write that blows the fuse; the process is dead afterwards in any case. */
export type Blow = 'Applied' | 'Lost';

/**
 * Ends a process at its n-th write, as SIGKILL would: `Applied`, the write reached the server and nobody heard the
 * answer; `Lost`, it was never sent. Every later request of that process fails. Events and Leases are not counted.
 */
export class Fuse {
  /** `verb resource` or statement kind of every write so far, in order. */
  readonly writes: string[] = [];
  /** Resolves when the fuse has blown. */
  readonly blown: Promise<void>;
  readonly #after: number;
  readonly #blow: Blow;
  readonly #within: string;
  readonly #resolve: () => void;
  #dead = false;

  /** @param namespace counts only writes in it, and those to engines */
  constructor(after: number, blow: Blow = 'Applied', namespace?: string) {
    this.#after = after;
    this.#blow = blow;
    this.#within = namespace === undefined ? '/' : `/namespaces/${namespace}/`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.blown = promise;
    this.#resolve = resolve;
  }

  readonly wrap = (inner: Transport): Transport => ({
    request: async (request) =>
      await this.#pass(request.path.includes(this.#within) ? kubeWrite(request) : undefined, () =>
        inner.request(request),
      ),
    watch: (request) => inner.watch(request),
    close: () => inner.close(),
  });

  readonly wrapInflux = (inner: InfluxTransport): InfluxTransport => ({
    send: async (request) => await this.#pass(influxWrite(request), () => inner.send(request)),
    shown: (tls) => inner.shown?.(tls),
    close: () => inner.close(),
  });

  async #pass<T>(write: string | undefined, send: () => Promise<T>): Promise<T> {
    if (this.#dead) throw killed();
    if (write === undefined) return await send();
    this.writes.push(write);
    if (this.writes.length < this.#after) return await send();
    this.#dead = true;
    if (this.#blow === 'Applied') await send().catch(() => undefined);
    this.#resolve();
    throw killed();
  }
}

function killed(): ApiError {
  return new ApiError({ code: 0, reason: 'Aborted', message: 'the process was killed' });
}

/** What a request to the Kubernetes API writes, or undefined when it does not count. */
export function kubeWrite({ method, path, query }: ApiRequest): string | undefined {
  if (method === 'GET' || path.includes('/events') || path.includes('/leases')) return undefined;
  if (query?.['dryRun'] !== undefined) return undefined;
  const parts = path.split('/');
  const resource = parts.includes('namespaces')
    ? parts.slice(parts.indexOf('namespaces') + 2)
    : parts.slice(-2);
  return `${method} ${resource.join('/')}`;
}

/** What a request to the engine changes, or undefined. */
export function influxWrite({ path, body = '' }: InfluxRequest): string | undefined {
  if (path === '/write') return 'write point';
  if (path !== '/query') return undefined;
  const statement = new URLSearchParams(body).get('q') ?? '';
  return /^\s*(SHOW|SELECT)\b/i.test(statement) ? undefined : statement.split(/\s+/).slice(0, 2).join(' ');
}
