import { createHash } from 'node:crypto';

/** Bytes and SHA-256 of what passed through. */
export interface Digest {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Passes a stream on and knows what it was once it has ended. */
export class DigestTap {
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #digest: Digest | undefined;

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      yield chunk;
    }
    this.#digest = { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** @throws RangeError before the end */
  get digest(): Digest {
    if (this.#digest === undefined) throw new RangeError('the stream has not ended');
    return this.#digest;
  }
}
