const BLOCK = 512;
/** A tar ends in two blocks of zeros. */
const END = 2 * BLOCK;

/** Follows the headers of a tar without keeping what is in it. */
export class TarWalker {
  #bytes = 0;
  /** Bytes of the present file, with its padding, that are still to come. */
  #skip = 0;
  #head = Buffer.alloc(0);
  #zeroBlocks = 0;
  #broken = false;

  take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, rest.length);
        this.#skip -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const missing = BLOCK - this.#head.length;
      this.#head = Buffer.concat([this.#head, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#head.length < BLOCK) return;
      this.#header(this.#head);
      this.#head = Buffer.alloc(0);
    }
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeroBlocks += 1;
      return;
    }
    const size = sizeOf(block);
    if (this.#zeroBlocks > 0 || size === undefined) this.#broken = true;
    else this.#skip = Math.ceil(size / BLOCK) * BLOCK;
  }

  /** What has gone by. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Why that is not all of a tar; undefined when it is. */
  fault(): string | undefined {
    if (this.#broken) return 'it is no tar';
    if (this.#skip > 0 || this.#head.length > 0 || this.#zeroBlocks * BLOCK < END)
      return 'it ends in the middle';
    return undefined;
  }
}

/** Octal, or from 8 GiB on big-endian with the first bit set. */
function sizeOf(block: Buffer): number | undefined {
  const field = block.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4));
  const digits = /^\s*([0-7]+)[\s\0]*$/.exec(field.toString('latin1'));
  return digits === null ? undefined : Number.parseInt(digits[1] ?? '', 8);
}
