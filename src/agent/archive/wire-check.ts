import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { TarWalker } from './tar-walker.ts';

/** A shard that came from the engine to its end: the tar that the tool has packed, when length and checksum are these. */
export interface WholeShard {
  readonly bytes: number;
  readonly crc32: number;
}

/** What goes over one connection between the engine's tool and the engine. */
export interface WireWatch {
  readonly asked: (chunk: Buffer) => void;
  readonly answered: (chunk: Buffer) => void;
  readonly ended: () => void;
}

/** A shard's request: the service's byte, the request's, then a document in a line. */
const SHARD_REQUESTS: readonly number[] = [0, 5];
const shardRequest = z.object({ ShardID: z.number().int() });
const MAX_REQUEST = 4096;

/**
 * Looks at shards while they come from the engine, as they are: that costs next to nothing, where unpacking what the
 * tool has packed costs as much as the tool itself. A request that is not understood only means that nothing is known.
 */
export class WireCheck {
  readonly #whole = new Map<number, WholeShard>();

  /** The shard as it came last; undefined unless all of it came. */
  whole(shard: number): WholeShard | undefined {
    return this.#whole.get(shard);
  }

  connection(): WireWatch {
    const walker = new TarWalker();
    let request = Buffer.alloc(0);
    let crc = 0;
    let shard: number | undefined;
    return {
      asked: (chunk) => {
        if (request.length < MAX_REQUEST) request = Buffer.concat([request, chunk]);
      },
      answered: (chunk) => {
        if (walker.bytes === 0) {
          shard = shardOf(request);
          // It is asked for again: what came before is not what the tool has in the end.
          if (shard !== undefined) this.#whole.delete(shard);
        }
        if (shard === undefined) return;
        walker.take(chunk);
        crc = crc32(chunk, crc);
      },
      ended: () => {
        if (shard !== undefined && walker.bytes > 0 && walker.fault() === undefined)
          this.#whole.set(shard, { bytes: walker.bytes, crc32: crc });
      },
    };
  }
}

function shardOf(request: Buffer): number | undefined {
  if (!SHARD_REQUESTS.includes(request[1] ?? -1)) return undefined;
  try {
    return shardRequest.parse(JSON.parse(request.toString('utf8', 2))).ShardID;
  } catch {
    return undefined;
  }
}
