import type { WatchEvent } from '../api/transport.ts';
import type { LiveMeta } from '../objects/types.ts';
import { matchesSelectors } from './selectors.ts';

/** An object as the fake keeps it. */
export type Stored = { apiVersion: string; kind: string; metadata: LiveMeta } & { [field: string]: unknown };

/** A write, as the fake's history keeps it. */
export interface Change {
  revision: number;
  collection: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Stored;
  before?: Stored;
}

/** An open watch: events wait in it until they are read. */
export class FakeWatch implements AsyncIterable<WatchEvent> {
  readonly #view: (change: Change) => WatchEvent | undefined;
  readonly #onClose: () => void;
  readonly #events: WatchEvent[] = [];
  #wake: () => void = () => {};
  #ended = false;
  #failure: unknown;

  constructor(view: (change: Change) => WatchEvent | undefined, onClose: () => void) {
    this.#view = view;
    this.#onClose = onClose;
  }

  offer(change: Change): void {
    const event = this.#view(change);
    if (event) this.push(event);
  }

  push(event: WatchEvent): void {
    if (this.#ended) return;
    this.#events.push(structuredClone(event));
    this.#wake();
  }

  /** What was pushed before is still read; then the stream ends, or throws `failure`. */
  end(failure?: unknown): void {
    this.#ended = true;
    this.#failure = failure;
    this.#onClose();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent> {
    try {
      for (;;) {
        const event = this.#events.shift();
        if (event) yield event;
        else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#ended = true;
      this.#onClose();
    }
  }
}

/** What a watch with these selectors tells of a change: objects that come into its sight or leave it. */
export function seenBy(query: Record<string, string>, change: Change): WatchEvent | undefined {
  const now = change.type !== 'DELETED' && matchesSelectors(change.object, query);
  const earlier = change.before !== undefined && matchesSelectors(change.before, query);
  if (now) return { type: earlier ? 'MODIFIED' : 'ADDED', object: change.object };
  return earlier ? { type: 'DELETED', object: change.object } : undefined;
}
