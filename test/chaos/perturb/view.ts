import { setTimeout as delay } from 'node:timers/promises';
import type { ApiRequest, Transport, WatchEvent } from '../../../src/kube/api/transport.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import { RECORDED, type Revision } from '../lab/recorder.ts';

/** The kind of a collection in the run's namespace of which the recorder knows every state; undefined for other requests. */
export function collectionOf({ method, path }: ApiRequest, namespace: string): string | undefined {
  if (method !== 'GET') return undefined;
  const [, of, plural] = /\/namespaces\/([^/]+)\/([a-z]+)$/.exec(path) ?? [];
  return of === namespace ? RECORDED.find((kind) => kind.plural === plural)?.kind : undefined;
}

/**
 * Answers lists with the world as it was at `version`, and begins watches from there only after a while: what an
 * operator sees that comes up with the caches of an API server that is behind. Writes go to the present.
 */
export class PastView implements Transport {
  readonly #inner: Transport;
  readonly #namespace: string;
  readonly #history: readonly Revision[];
  readonly #version: number;
  /** Kinds of which a watch has begun: their caches have caught up, and never fall back. */
  readonly #caughtUp = new Set<string>();
  #listedAt = performance.now();

  constructor(inner: Transport, namespace: string, history: readonly Revision[], version: number) {
    this.#inner = inner;
    this.#namespace = namespace;
    this.#history = [...history];
    this.#version = version;
  }

  async request(request: ApiRequest): Promise<unknown> {
    const kind = request.query?.['limit'] === undefined ? undefined : this.#behind(request);
    if (kind === undefined) return await this.#inner.request(request);
    this.#listedAt = performance.now();
    return { metadata: { resourceVersion: String(this.#version) }, items: this.#items(kind, request) };
  }

  async *watch(request: ApiRequest): AsyncGenerator<WatchEvent> {
    const kind = this.#behind(request);
    if (kind !== undefined && request.query?.['resourceVersion'] === String(this.#version)) {
      const { signal } = request;
      while (performance.now() < this.#listedAt + BEHIND_MS && signal?.aborted !== true) await delay(20);
      this.#caughtUp.add(kind);
    }
    yield* this.#inner.watch(request);
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  #behind(request: ApiRequest): string | undefined {
    const kind = collectionOf(request, this.#namespace);
    return kind === undefined || this.#caughtUp.has(kind) ? undefined : kind;
  }

  #items(kind: string, { query = {} }: ApiRequest): Live<KubeObject>[] {
    const present = new Map<string, Live<KubeObject>>();
    for (const { kind: of, type, version, object } of this.#history) {
      if (of !== kind || version > this.#version) continue;
      if (type === 'DELETED') present.delete(object.metadata.name);
      else present.set(object.metadata.name, object);
    }
    const objects = [...present.values()].filter((object) => matches(object, query));
    // The operator makes them its own: they must not be those of the recorder.
    return structuredClone(objects);
  }
}

/** Long enough for everything that is decided from the past to be tried. */
const BEHIND_MS = 500;

function matches(
  object: Live<KubeObject>,
  { labelSelector, fieldSelector }: Record<string, string>,
): boolean {
  if (fieldSelector !== undefined && fieldSelector !== `metadata.name=${object.metadata.name}`) return false;
  const labels = object.metadata.labels ?? {};
  return (labelSelector ?? '')
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [key = '', value] = term.split('=');
      return value === undefined ? key in labels : labels[key] === value;
    });
}
