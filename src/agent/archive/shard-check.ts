import { Writable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { JobError } from '../job/job-error.ts';
import { TarWalker } from './tar-walker.ts';

/**
 * Looks at a packed shard as it goes by. The engine's tool calls a shard complete that ends in the middle, because
 * the server ended: then the tar inside has no end, or is shorter than the tool's own manifest says.
 */
export class ShardCheck {
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: 256 * 1024 });
  readonly #walker = new TarWalker();
  readonly #done: Promise<void>;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#done = promise;
    promise.catch(() => {});
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, next) => {
        this.#walker.take(chunk);
        next();
      },
    });
    this.#gunzip.once('error', reject);
    sink.once('finish', resolve);
    this.#gunzip.pipe(sink);
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#gunzip.errored !== null) return;
    if (this.#gunzip.write(chunk)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#gunzip.off('drain', go).off('error', go).off('close', go);
        resolve();
      };
      this.#gunzip.on('drain', go).on('error', go).on('close', go);
    });
  }

  /** @returns bytes of the tar inside. @throws JobError with `reason` unless all of it was there */
  async end(reason: 'BackupTruncated' | 'BackupCorrupt'): Promise<number> {
    this.#gunzip.end();
    const why = await this.#done.then(
      () => this.#walker.fault(),
      () => 'what is packed cannot be unpacked',
    );
    if (why !== undefined) throw new JobError(reason, `A shard is not whole: ${why}.`);
    return this.#walker.bytes;
  }
}

/** @throws JobError with `reason` unless a shard is as long as the engine's own manifest says */
export function assertLength(
  found: number,
  written: number,
  reason: 'BackupTruncated' | 'BackupCorrupt',
): void {
  if (found !== written)
    throw new JobError(reason, `A shard is not whole: ${found} bytes where the engine wrote ${written}.`);
}
