import {
  type ListOptions,
  type WatchOptions,
  type DeleteOptions,
  type PatchOptions,
  type ApplyOptions,
  type Page,
} from './client-options.ts';
import { ApiError } from './api-error.ts';
import { given } from '../objects/given.ts';
import type { Kind } from '../objects/kinds.ts';
import { apiVersionOf, pathOf } from '../objects/kinds.ts';
import { joined, keyIn, PATCH_TYPES, selectors, typed, type ListAnswer } from './requests.ts';
import { statusPatch } from './status-patch.ts';
import type { Transport, WatchEvent } from './transport.ts';
import type { KubeObject, Live, ObjectKey } from '../objects/types.ts';

/**
 * Verbs of the Kubernetes API on raw JSON. Writes, but of a status, are validated strictly: a field that the server
 * doesn't know is an error (ApiError, 400) rather than dropped. Everything rejects with ApiError.
 */
export class KubeClient {
  readonly #transport: Transport;
  readonly #fieldManager: string;

  constructor(transport: Transport, options: { fieldManager: string }) {
    this.#transport = transport;
    this.#fieldManager = options.fieldManager;
  }

  async get<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    signal?: AbortSignal,
  ): Promise<Live<T> | undefined> {
    try {
      const object = await this.#transport.request({
        method: 'GET',
        path: pathOf(kind, key),
        ...given({ signal }),
      });
      return object as Live<T>;
    } catch (error) {
      if (ApiError.from(error).isNotFound) return undefined;
      throw error;
    }
  }

  /** All pages as one list. Begins once again when its page token expires on the way. */
  async list<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions = {},
    signal?: AbortSignal,
  ): Promise<Page<T>> {
    try {
      return await joined(this.pages(kind, options, signal));
    } catch (error) {
      if (!ApiError.from(error).isGone) throw error;
      return joined(this.pages(kind, options, signal));
    }
  }

  /** A consistent list, page by page. A page token that expired on the way is an ApiError with `isGone`. */
  async *pages<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Page<T>> {
    const apiVersion = apiVersionOf(kind);
    let next: string | undefined;
    do {
      const answer = (await this.#transport.request({
        method: 'GET',
        path: pathOf(kind, given({ namespace: options.namespace })),
        query: {
          limit: String(options.limit ?? 500),
          ...selectors(options),
          ...given({ continue: next }),
        },
        ...given({ signal }),
      })) as ListAnswer<T>;
      // Items of a list come without what the list says once for all.
      for (const item of answer.items) Object.assign(item, { apiVersion, kind: kind.kind });
      yield { items: answer.items, resourceVersion: answer.metadata.resourceVersion };
      next = answer.metadata.continue || undefined;
    } while (next !== undefined);
  }

  watch<T extends KubeObject>(
    kind: Kind<T>,
    options: WatchOptions,
    signal?: AbortSignal,
  ): AsyncIterable<WatchEvent> {
    return this.#transport.watch({
      method: 'GET',
      path: pathOf(kind, given({ namespace: options.namespace })),
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        timeoutSeconds: String(options.timeoutSeconds),
        ...selectors(options),
      },
      ...given({ signal, begun: options.begun }),
    });
  }

  /** POST. A name that is taken is an ApiError with `isAlreadyExists`. */
  async create<T extends KubeObject>(kind: Kind<T>, object: T, signal?: AbortSignal): Promise<Live<T>> {
    const namespace = object.metadata?.namespace;
    if (kind.namespaced && !namespace) throw new Error(`a ${kind.kind} to be created needs a namespace`);
    return (await this.#transport.request({
      method: 'POST',
      path: pathOf(kind, given({ namespace })),
      query: this.#writeQuery(),
      body: typed(kind, object),
      ...given({ signal }),
    })) as Live<T>;
  }

  /** PUT of an object that was read before: a change since then is an ApiError with `isConflict`. */
  async replace<T extends KubeObject>(kind: Kind<T>, object: T, signal?: AbortSignal): Promise<Live<T>> {
    if (!object.metadata?.resourceVersion || !object.metadata.uid)
      throw new Error(`a ${kind.kind} to be replaced needs its resourceVersion and uid`);
    return (await this.#transport.request({
      method: 'PUT',
      path: pathOf(kind, keyIn(object)),
      query: this.#writeQuery(),
      body: typed(kind, object),
      ...given({ signal }),
    })) as Live<T>;
  }

  /** What the API server would say to the same `create` or `replace`, without storing it. Rejects as those do. */
  async dryRun<T extends KubeObject>(
    verb: 'create' | 'replace',
    kind: Kind<T>,
    object: T,
    signal?: AbortSignal,
  ): Promise<void> {
    const { namespace, name } = keyIn(object);
    await this.#transport.request({
      method: verb === 'create' ? 'POST' : 'PUT',
      path: pathOf(kind, given({ namespace, name: verb === 'create' ? undefined : name })),
      query: { ...this.#writeQuery(), dryRun: 'All' },
      body: typed(kind, object),
      ...given({ signal }),
    });
  }

  /**
   * Server-side apply of the full intent. With `metadata.uid` in it only that very object is changed: a missing
   * one is a 409, another uid a 422 or 409; with a resourceVersion a stale one is a 409.
   */
  async apply<T extends KubeObject>(
    kind: Kind<T>,
    object: T,
    options: ApplyOptions = {},
    signal?: AbortSignal,
  ): Promise<Live<T>> {
    return (await this.#transport.request({
      method: 'PATCH',
      path: pathOf(kind, keyIn(object), options.subresource),
      query: { ...this.#writeQuery(options.fieldManager), force: String(options.force ?? false) },
      // The body is YAML by its content type, and JSON is YAML.
      contentType: 'application/apply-patch+yaml',
      body: typed(kind, object),
      ...given({ signal }),
    })) as Live<T>;
  }

  async patch<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    body: unknown,
    options: PatchOptions,
    signal?: AbortSignal,
  ): Promise<Live<T>> {
    return (await this.#transport.request({
      method: 'PATCH',
      path: pathOf(kind, key, options.subresource),
      query: {
        ...this.#writeQuery(options.fieldManager),
        ...given({ fieldValidation: options.fieldValidation }),
      },
      contentType: PATCH_TYPES[options.type],
      body,
      ...given({ signal }),
    })) as Live<T>;
  }

  /**
   * Makes the status the one that is wanted, whoever wrote what is in it, for an object as it was seen: a change since
   * then is an ApiError with `isConflict`. A field that the server does not know is left out, with a warning nobody reads:
   * a definition that is older than we are must not keep us from telling the rest. (An apply would be refused for it,
   * whatever `fieldValidation` says.)
   */
  async writeStatus<T extends KubeObject & { status?: object }>(
    kind: Kind<T>,
    seen: Live<T>,
    status: object,
    signal?: AbortSignal,
  ): Promise<Live<T>> {
    const { uid, resourceVersion } = seen.metadata;
    const body = {
      metadata: { uid, resourceVersion },
      ...given({ status: statusPatch(seen.status, status) }),
    };
    const options = { type: 'merge', subresource: 'status', fieldValidation: 'Warn' } as const;
    return await this.patch(kind, keyIn(seen), body, options, signal);
  }

  /** Success also when the object, or the one with that uid, is gone already. */
  async delete<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
    signal?: AbortSignal,
  ): Promise<void> {
    const { uid, resourceVersion, propagationPolicy } = options;
    const preconditions = given({ uid, resourceVersion });
    try {
      await this.#transport.request({
        method: 'DELETE',
        path: pathOf(kind, key),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
          ...given({ propagationPolicy }),
        },
        ...given({ signal }),
      });
    } catch (error) {
      const failure = ApiError.from(error);
      if (failure.isNotFound) return;
      if (!failure.isConflict || uid === undefined) throw failure;
      // The answer to a failed precondition says only in its text which of them failed.
      const live = await this.get(kind, key, signal);
      if (live && live.metadata.uid === uid) throw failure;
    }
  }

  #writeQuery(fieldManager = this.#fieldManager): Record<string, string> {
    return { fieldManager, fieldValidation: 'Strict' };
  }
}
