import type { InfluxClient } from './client.ts';
import { InfluxError } from './influx-error.ts';

/**
 * Bytes that a database's shards have on disk: points, compacted and in the write-ahead log, without the index.
 * From /debug/vars, which wants an administrator from 1.7 on and answers anybody before. 0 for a database without
 * shards. Throws InfluxError.
 */
export async function readDataBytes(
  client: InfluxClient,
  database: string,
  signal?: AbortSignal,
): Promise<number> {
  const modules = await client.debugVars(signal);
  let total = 0;
  // Keyed by path and number; what a module is about is in its tags.
  for (const module of Object.values(modules)) {
    const { name, tags, values } = (module ?? {}) as Partial<Module>;
    if (name !== 'shard' || tags?.['database'] !== database) continue;
    const bytes = values?.['diskBytes'];
    if (typeof bytes !== 'number')
      throw new InfluxError('Protocol', 'a shard without diskBytes in /debug/vars');
    total += bytes;
  }
  return total;
}

interface Module {
  readonly name: string;
  readonly tags: Readonly<Record<string, unknown>> | null;
  readonly values: Readonly<Record<string, unknown>> | null;
}
