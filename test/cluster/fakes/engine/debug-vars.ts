import { shardsOf } from './shards.ts';
import type { Database, EngineState } from './state.ts';

/** What a value takes on disk here; the real engine needs less for most. */
const BYTES_PER_VALUE = 16;

/** /debug/vars as far as anybody reads it: one module for each shard that holds points. */
export function debugVars(state: EngineState): object {
  const modules: Record<string, object> = {
    cmdline: ['influxd'],
    memstats: { HeapInuse: 20_000_000 },
    runtime: { name: 'runtime', tags: null, values: {} },
  };
  const shards = shardsOf(state);
  for (const database of state.databases.values()) {
    modules[`database:${database.name}`] = {
      name: 'database',
      tags: { database: database.name },
      values: {
        numMeasurements: measurementsIn(database),
        numSeries: seriesIn(database) + (database.ballastSeries ?? 0),
      },
    };
    for (const { id, policy: retentionPolicy, values } of shards.filter(
      (each) => each.database === database,
    )) {
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
      const id = shards.length + 1;
      const tags = { database: database.name, id: String(id) };
      modules[`shard:ballast:${id}`] = { name: 'shard', tags, values: { diskBytes: ballastBytes } };
    }
  }
  return modules;
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
