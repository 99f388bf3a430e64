import { setTimeout as delay } from 'node:timers/promises';
import type { ApiRequest, Transport, WatchEvent } from '../../../src/kube/api/transport.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import type { EventKey } from '../lab/events.ts';
import type { RunControl } from '../lab/run.ts';
import type { Perturbation } from './perturbation.ts';
import { collectionOf } from './view.ts';

const EXPIRED: WatchEvent = {
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: 410,
    reason: 'Expired',
    message: 'too old',
  },
};

/** How long an event is held back when nothing overwrites it, and how late those of a late kind come. */
const HELD_MS = 700;

/**
 * Unobserved: the operator never sees an event, but what overwrites it. Relist: instead of the event the watch ends
 * as one that is too old, so that only a list tells of it.
 */
export class EventAt implements Perturbation {
  readonly seed: string;
  struck = false;
  readonly #how: 'unobserved' | 'relist';
  readonly #event: EventKey;
  readonly #counts = new Map<string, number>();
  /** Watches are refused until there has been a list. */
  #expired = false;

  constructor(how: 'unobserved' | 'relist', event: EventKey) {
    this.seed = `${how}/${event}`;
    this.#how = how;
    this.#event = event;
  }

  view(inner: Transport, control: RunControl): Transport {
    return {
      request: async (request) => {
        if (this.#isMine(request, control)) this.#expired = false;
        return await inner.request(request);
      },
      watch: (request) => this.#watch(inner, request, control),
      close: async () => await inner.close(),
    };
  }

  async *#watch(inner: Transport, request: ApiRequest, control: RunControl): AsyncGenerator<WatchEvent> {
    const kind = collectionOf(request, control.namespace);
    if (kind === undefined || !this.#isMine(request, control)) {
      yield* inner.watch(request);
      return;
    }
    if (this.#expired) {
      yield EXPIRED;
      return;
    }
    const events = inner.watch(request)[Symbol.asyncIterator]();
    let held: WatchEvent | undefined;
    let next = events.next();
    try {
      for (;;) {
        const late = held === undefined ? undefined : delay(HELD_MS, 'late' as const);
        const came = await (late === undefined ? next : Promise.race([next, late]));
        if (came === 'late') {
          if (held !== undefined) yield held;
          held = undefined;
          continue;
        }
        if (came.done === true) return;
        const event = came.value;
        next = events.next();
        if (event.type === 'BOOKMARK' || event.type === 'ERROR') {
          if (held === undefined) yield event;
          continue;
        }
        const overwrites = held !== undefined && nameOf(held) === nameOf(event);
        if (overwrites) {
          held = undefined;
          control.log.note(`not observed: ${this.#event}`);
        }
        if (this.struck || !this.#isIt(kind, event, control.actedFrom)) {
          yield event;
          continue;
        }
        this.struck = true;
        if (this.#how === 'relist') {
          control.log.note(`the watch ends instead of ${this.#event}`);
          this.#expired = true;
          yield EXPIRED;
          return;
        }
        held = event;
      }
    } finally {
      // Nobody waits for it any more: how it ends is of no account.
      next.catch(() => {});
      void events.return?.()?.catch(() => {});
    }
  }

  #isMine(request: ApiRequest, { namespace }: RunControl): boolean {
    const kind = collectionOf(request, namespace);
    return kind !== undefined && this.#event.startsWith(`${kind}/`);
  }

  #isIt(kind: string, event: WatchEvent, from: number): boolean {
    const { resourceVersion } = (event.object as Live<KubeObject>).metadata;
    if (Number(resourceVersion) <= from) return false;
    const name = `${kind}/${nameOf(event)}`;
    const nth = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, nth);
    return `${name}~${nth}` === this.#event;
  }
}

/** Every event of a kind comes late, so that those of the others overtake it. */
export class LateKind implements Perturbation {
  readonly seed: string;
  struck = false;
  readonly #kind: string;

  constructor(kind: string) {
    this.seed = `late/${kind}`;
    this.#kind = kind;
  }

  view(inner: Transport, { namespace }: RunControl): Transport {
    return {
      request: async (request) => await inner.request(request),
      watch: (request) => this.#watch(inner, request, namespace),
      close: async () => await inner.close(),
    };
  }

  async *#watch(inner: Transport, request: ApiRequest, namespace: string): AsyncGenerator<WatchEvent> {
    const isIt = collectionOf(request, namespace) === this.#kind;
    for await (const event of inner.watch(request)) {
      if (isIt && event.type !== 'BOOKMARK') {
        this.struck = true;
        await delay(HELD_MS / 2);
      }
      yield event;
    }
  }
}

function nameOf({ object }: WatchEvent): string {
  return (object as Live<KubeObject>).metadata.name;
}
