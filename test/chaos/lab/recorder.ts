import { setTimeout as delay } from 'node:timers/promises';
import { customKinds, InfluxAddon } from '../../../src/api/kinds.ts';
import { GROUP, VERSION } from '../../../src/api/group.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import * as kinds from '../../../src/kube/objects/kinds.ts';
import type { Kind } from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';

/** One state of one object, as the watch told it. */
export interface Revision {
  readonly kind: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: Live<KubeObject>;
}

type Listener = (revision: Revision) => void;

/** Every namespaced kind of ours, also of capabilities to come, and those that the operator makes or changes. */
export const RECORDED: readonly Kind<KubeObject>[] = [
  ...customKinds
    .filter(({ namespaced }) => namespaced)
    .map(({ kind, plural, namespaced }) => ({ group: GROUP, version: VERSION, kind, plural, namespaced })),
  kinds.Secret,
  kinds.PersistentVolumeClaim,
  kinds.Service,
  kinds.NetworkPolicy,
  kinds.StatefulSet,
  kinds.Deployment,
  kinds.DaemonSet,
  kinds.Job,
  kinds.RoleBinding,
  kinds.Pod,
] as Kind<KubeObject>[];

/** Watches every kind in the whole cluster and keeps, by namespace, each revision of each object. */
export class Recorder {
  readonly #client: KubeClient;
  readonly #abort = new AbortController();
  /** By namespace. */
  readonly #histories = new Map<string, Revision[]>();
  /** By namespace, then by `Kind/name`. */
  readonly #objects = new Map<string, Map<string, Live<KubeObject>>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  async start(): Promise<void> {
    const versions = await Promise.all(
      RECORDED.map(async (kind) => {
        const { items, resourceVersion } = await this.#client.list(kind);
        for (const object of items) this.#take(kind, 'ADDED', object);
        return resourceVersion;
      }),
    );
    this.#running = Promise.all(RECORDED.map((kind, n) => this.#follow(kind, versions[n] ?? '')));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** What there is now in a namespace, by `Kind/name`. */
  objects(namespace: string): ReadonlyMap<string, Live<KubeObject>> {
    return this.#objects.get(namespace) ?? new Map();
  }

  get<T extends KubeObject>(kind: Kind<T>, namespace: string, name: string): Live<T> | undefined {
    return this.objects(namespace).get(`${kind.kind}/${name}`) as Live<T> | undefined;
  }

  /** Of the object of that kind with that uid. */
  namespaceOf<T extends KubeObject>(kind: Kind<T>, uid: string): string | undefined {
    for (const [namespace, objects] of this.#objects)
      for (const object of objects.values())
        if (object.kind === kind.kind && object.metadata.uid === uid) return namespace;
    return undefined;
  }

  addons(namespace: string): Live<InfluxAddon>[] {
    return [...this.objects(namespace)]
      .filter(([key]) => key.startsWith(`${InfluxAddon.kind}/`))
      .map(([, object]) => object as Live<InfluxAddon>);
  }

  /** All that happened in a namespace, in the order in which it was heard; kinds among each other have none. */
  history(namespace: string): readonly Revision[] {
    return this.#histories.get(namespace) ?? [];
  }

  /** An object with that uid was there, and is no more. */
  hasEnded(namespace: string, uid: string): boolean {
    return this.history(namespace).some(
      ({ type, object }) => type === 'DELETED' && object.metadata.uid === uid,
    );
  }

  /** The answer takes the listener away again. */
  listen(namespace: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(namespace) ?? new Set();
    this.#listeners.set(namespace, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** What was recorded of a namespace that nobody looks at any more. */
  forget(namespace: string): void {
    this.#histories.delete(namespace);
    this.#listeners.delete(namespace);
  }

  async #follow(kind: Kind<KubeObject>, from: string): Promise<void> {
    let resourceVersion = from;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        for await (const { type, object } of this.#client.watch(
          kind,
          { resourceVersion, timeoutSeconds: 600 },
          signal,
        )) {
          const live = object as Live<KubeObject>;
          if (type === 'ERROR') throw new Error(`the recorder missed changes of ${kind.kind}`);
          resourceVersion = live.metadata.resourceVersion;
          if (type !== 'BOOKMARK') this.#take(kind, type, live);
        }
      } catch (reason) {
        if (signal.aborted) return;
        if (String(reason).includes('missed')) throw reason;
        await delay(50);
      }
    }
  }

  #take(kind: Kind<KubeObject>, type: Revision['type'], live: Live<KubeObject>): void {
    const { managedFields: _, ...metadata } = live.metadata;
    const { namespace = '', name, resourceVersion } = metadata;
    const object = { ...live, kind: kind.kind, metadata };
    const objects = this.#objects.get(namespace) ?? new Map<string, Live<KubeObject>>();
    this.#objects.set(namespace, objects);
    if (type === 'DELETED') objects.delete(`${kind.kind}/${name}`);
    else objects.set(`${kind.kind}/${name}`, object);
    const listeners = this.#listeners.get(namespace);
    if (listeners === undefined) return;
    const revision = { kind: kind.kind, type, version: Number(resourceVersion), object };
    const history = this.#histories.get(namespace) ?? [];
    this.#histories.set(namespace, history);
    history.push(revision);
    for (const listener of listeners) listener(revision);
  }
}
