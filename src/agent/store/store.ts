import type { Readable } from 'node:stream';

/**
 * The one funnel to where backups are kept. Keys are paths of plain names with `/` between them, below the prefix.
 * Everything throws StoreError, or the signal's reason when it was given up.
 */
export interface Store {
  /**
   * Writes an object whole or not at all: under its key nothing is seen until everything is there.
   * @param expectedBytes about how large it will be; a store may cut it into parts by that
   */
  put(
    key: string,
    body: AsyncIterable<Uint8Array>,
    expectedBytes: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Undefined when there is none. A body that ends early is an error of the stream. */
  get(
    key: string,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly body: Readable } | undefined>;
  /** All keys that begin with it, in their order. */
  list(prefix: string, after: string | undefined, signal: AbortSignal): AsyncIterable<StoredObject>;
  /** One that is not there is as good as deleted. */
  delete(key: string, signal: AbortSignal): Promise<void>;
  /** Removes what half-done writes below the prefix have left: they cost, and are seen by nobody. */
  sweep(prefix: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}
