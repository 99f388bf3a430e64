import { type Shard } from '../state.ts';
import type { InfluxClient } from './client.ts';
import { InfluxError } from '../influx-error.ts';
import { showShards } from './influxql.ts';
import { rows } from './results.ts';

/** The shards of a database, by two requests whatever it holds; as the administrator. Throws InfluxError. */
export async function readShards(
  client: InfluxClient,
  database: string,
  signal?: AbortSignal,
): Promise<Shard[]> {
  const shown = await client.one(showShards, { signal });
  const sizes = await sizesById(client, database, signal);
  return rows({ series: shown.series.filter(({ name }) => name === database) }).map((row) => ({
    policy: String(row['retention_policy']),
    startMs: instant(row['start_time']),
    endMs: instant(row['end_time']),
    bytes: sizes.get(String(row['id'])),
  }));
}

async function sizesById(
  client: InfluxClient,
  database: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const module of Object.values(await client.debugVars(signal))) {
    const { name, tags, values } = (module ?? {}) as Partial<Module>;
    const [id, bytes] = [tags?.['id'], values?.['diskBytes']];
    if (name === 'shard' && tags?.['database'] === database && typeof bytes === 'number')
      sizes.set(String(id), bytes);
  }
  return sizes;
}

function instant(text: unknown): number {
  const ms = Date.parse(String(text));
  if (Number.isNaN(ms)) throw new InfluxError('Protocol', 'a shard without start or end');
  return ms;
}

interface Module {
  readonly name: string;
  readonly tags: Readonly<Record<string, unknown>> | null;
  readonly values: Readonly<Record<string, unknown>> | null;
}
