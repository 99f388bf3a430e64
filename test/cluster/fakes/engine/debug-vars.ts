import type { Database, EngineState } from './state.ts';

/** What a value takes on disk here; the real engine needs less for most. */
const BYTES_PER_VALUE = 16;

/** /debug/vars as far as anybody reads it: one module for each shard that holds points. */
export function debugVars(state: EngineState): object {
  const modules: Record<string, object> = {
    cmdline: ['influxd'],
    memstats: {},
    runtime: { name: 'runtime', tags: null, values: {} },
  };
  let id = 0;
  for (const database of state.databases.values()) {
    modules[`database:${database.name}`] = {
      name: 'database',
      tags: { database: database.name },
      values: { numMeasurements: measurementsIn(database), numSeries: seriesIn(database) },
    };
    for (const { name: retentionPolicy, shardDuration } of database.policies)
      for (const values of valuesByShard(database, retentionPolicy, shardDuration)) {
        id += 1;
        const path = `/var/lib/influxdb/data/${database.name}/${retentionPolicy}/${id}`;
        const tags = { database: database.name, engine: 'tsm1', id: String(id), path, retentionPolicy };
        modules[`shard:${path}:${id}`] = {
          name: 'shard',
          tags,
          values: { diskBytes: values * BYTES_PER_VALUE },
        };
      }
    // A test that needs more data than it likes to write says so.
    const { ballastBytes } = database;
    if (ballastBytes !== undefined) {
      id += 1;
      const tags = { database: database.name, id: String(id) };
      modules[`shard:ballast:${id}`] = { name: 'shard', tags, values: { diskBytes: ballastBytes } };
    }
  }
  return modules;
}

function valuesByShard(database: Database, policy: string, shardDuration: bigint): Iterable<number> {
  const shards = new Map<bigint, number>();
  for (const { series } of database.data.get(policy)?.values() ?? [])
    for (const { points } of series.values())
      for (const [time, cells] of points) {
        const shard = shardDuration === 0n ? 0n : time / shardDuration;
        shards.set(shard, (shards.get(shard) ?? 0) + cells.size);
      }
  return shards.values();
}

function measurementsIn({ data }: Database): number {
  return new Set([...data.values()].flatMap((measurements) => [...measurements.keys()])).size;
}

function seriesIn({ data }: Database): number {
  let count = 0;
  for (const measurements of data.values())
    for (const { series } of measurements.values()) count += series.size;
  return count;
}
