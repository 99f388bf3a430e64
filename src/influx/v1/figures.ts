import type { InfluxClient } from './client.ts';
import { InfluxError } from '../influx-error.ts';

/** How large a database is, and how much memory its engine has taken. */
export interface EngineFigures {
  /** Of all its shards: a series counts once. */
  readonly series: number;
  readonly shards: number;
  /**
   * Bytes of its points on disk, compacted and in the write-ahead log, without the index. For some minutes after a
   * start the newest segment of each shard's log, 10 MiB at most, counts twice (1.6.7 to 1.8.10).
   */
  readonly dataBytes: number;
  /** Bytes that the engine's Go heap takes, for all that it does. */
  readonly heapBytes: number;
  /** Writes to the log that failed since the engine started: on a full volume all do. */
  readonly logErrors: number;
}

/**
 * From /debug/vars, which wants an administrator from 1.7 on and answers anybody before: 3 kB and a quarter of a
 * millisecond of the engine's CPU for each shard. All is 0 for a database without shards. Throws InfluxError.
 */
export async function readFigures(
  client: InfluxClient,
  database: string,
  signal?: AbortSignal,
): Promise<EngineFigures> {
  const vars = await client.debugVars(signal);
  let [series, shards, dataBytes, logErrors] = [0, 0, 0, 0];
  // Keyed by path and number; what a module is about is in its tags.
  for (const module of Object.values(vars)) {
    const { name, tags, values } = (module ?? {}) as Partial<Module>;
    if (tags?.['database'] !== database) continue;
    if (name === 'database') series = number(values, 'numSeries') ?? 0;
    if (name === 'tsm1_wal') logErrors += number(values, 'writeErr') ?? 0;
    if (name !== 'shard') continue;
    const bytes = number(values, 'diskBytes');
    if (bytes === undefined) throw new InfluxError('Protocol', 'a shard without diskBytes in /debug/vars');
    shards += 1;
    dataBytes += bytes;
  }
  const memory = (vars['memstats'] ?? {}) as Readonly<Record<string, unknown>>;
  return { series, shards, dataBytes, logErrors, heapBytes: number(memory, 'HeapInuse') ?? 0 };
}

function number(values: Module['values'] | undefined, key: string): number | undefined {
  const value = values?.[key];
  return typeof value === 'number' ? value : undefined;
}

interface Module {
  readonly name: string;
  readonly tags: Readonly<Record<string, unknown>> | null;
  readonly values: Readonly<Record<string, unknown>> | null;
}
