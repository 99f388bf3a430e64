import type { KubeClient } from '../../src/kube/api/client.ts';
import { StatefulSet, type Kind } from '../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import { Reflector } from '../../src/kube/store/reflector.ts';
import { Store } from '../../src/kube/store/store.ts';
import type { Arm } from './arms.ts';

type Conditions = { status?: { conditions?: { type?: string; status?: string; reason?: string }[] } };

/** The condition of this type, if there is one. */
export function conditionOf(object: KubeObject | undefined, type: string) {
  return (object as Conditions | undefined)?.status?.conditions?.find((each) => each.type === type);
}

/** Sees by two watches, and no list after the first, when what is made of one kind in a namespace gets where. */
export class Follower implements AsyncDisposable {
  /** By name, when it was first seen ready, and its StatefulSet first seen; ms by `performance.now()`. */
  readonly ready = new Map<string, number>();
  readonly set = new Map<string, number>();
  readonly objects: Store<KubeObject>;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #waiting: (() => void)[] = [];

  constructor(client: KubeClient, namespace: string, { kind, ready }: Arm) {
    this.objects = this.#store((object) => {
      const { name } = object.metadata;
      if (conditionOf(object, ready)?.status === 'True' && !this.ready.has(name))
        this.ready.set(name, performance.now());
    });
    const sets = this.#store((object) => {
      const owner = object.metadata.ownerReferences?.find((each) => each.kind === kind.kind)?.name;
      if (owner !== undefined && !this.set.has(owner)) this.set.set(owner, performance.now());
    });
    const follow = async (of: Kind<KubeObject>, store: Store<KubeObject>) =>
      await new Reflector({ client, kind: of, store, namespace }).run(this.#stop.signal);
    this.#running = Promise.all([follow(kind, this.objects), follow(StatefulSet, sets)]);
  }

  /** Waits until something is so that has to do with what is followed. @param withinMs or it throws, saying `what` */
  async until(what: () => string, withinMs: number, isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!isSo()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`after ${withinMs / 1000} s: ${what()}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, leftMs);
      this.#waiting.push(resolve);
      await promise;
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #store(see: (object: Live<KubeObject>) => void): Store<KubeObject> {
    const store = new Store<KubeObject>();
    store.onChange(({ after }) => {
      if (after !== undefined) see(after);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
    return store;
  }
}
