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
    bytes: bytesOf(String(row['id']), sizes),
  }));
}

/**
 * The shards of a database by their ids, and whether the engine has them open; as the administrator. `SHOW SHARDS` lists
 * what is agreed on: from 30 minutes before a shard ends also the one after it, which is made with the first point and
 * not before. Throws InfluxError.
 */
export async function listShards(
  client: InfluxClient,
  database: string,
  signal?: AbortSignal,
): Promise<{ id: number; isOpen: boolean }[]> {
  const shown = await client.one(showShards, { signal });
  const sizes = await sizesById(client, database, signal);
  return rows({ series: shown.series.filter(({ name }) => name === database) }).map(({ id }) => ({
    id: Number(id),
    isOpen: sizes.has(String(id)),
  }));
}

/** Of those that the engine has; undefined of one whose size it does not tell. */
async function sizesById(
  client: InfluxClient,
  database: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, number | undefined>> {
  const sizes = new Map<string, number | undefined>();
  for (const module of Object.values(await client.debugVars(signal))) {
    const { name, tags, values } = (module ?? {}) as Partial<Module>;
    const [id, bytes] = [tags?.['id'], values?.['diskBytes']];
    if (name === 'shard' && tags?.['database'] === database)
      sizes.set(String(id), typeof bytes === 'number' ? bytes : undefined);
  }
  return sizes;
}

/** One that the engine does not have yet was never written to. */
function bytesOf(id: string, sizes: ReadonlyMap<string, number | undefined>): number | undefined {
  return sizes.has(id) ? sizes.get(id) : 0;
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
