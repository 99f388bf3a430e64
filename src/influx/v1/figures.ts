import type { EngineActivity, EngineFigures } from '../state.ts';
import type { InfluxClient } from './client.ts';
import { InfluxError } from '../influx-error.ts';

/**
 * From /debug/vars, which wants an administrator from 1.7 on and answers anybody before: 3 kB and a quarter of a
 * millisecond of the engine's CPU for each shard. All is 0 for a database without shards. Throws InfluxError.
 */
export async function readFigures(
  client: InfluxClient,
  database: string,
  signal?: AbortSignal,
): Promise<EngineFigures> {
  return figuresIn(await client.debugVars(signal), database);
}

/** The same with what was written and asked since the engine started, from one answer. */
export async function readActivity(
  client: InfluxClient,
  database: string,
  signal?: AbortSignal,
): Promise<EngineActivity> {
  const vars = await client.debugVars(signal);
  let [pointsWritten, queries] = [0, 0];
  for (const { name, tags, values } of modulesOf(vars)) {
    if (name === 'shard' && tags?.['database'] === database)
      pointsWritten += number(values, 'writePointsOk') ?? 0;
    if (name === 'queryExecutor') queries += number(values, 'queriesExecuted') ?? 0;
  }
  return { ...figuresIn(vars, database), pointsWritten, queries };
}

function figuresIn(vars: Readonly<Record<string, unknown>>, database: string): EngineFigures {
  let [series, shards, dataBytes, logErrors] = [0, 0, 0, 0];
  for (const { name, tags, values } of modulesOf(vars)) {
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

/** Keyed by path and number; what a module is about is in its tags. */
function modulesOf(vars: Readonly<Record<string, unknown>>): Partial<Module>[] {
  return Object.values(vars).map((module) => (module ?? {}) as Partial<Module>);
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
