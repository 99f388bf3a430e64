import { type Growing } from '../state.ts';
import type { InfluxClient } from './client.ts';
import * as influxql from './influxql.ts';
import { rows, type StatementResult } from './results.ts';

/** More measurements than any application has by design. */
const MANY_MEASUREMENTS = 2_000;
/** Tags that are looked at; each costs the engine as much as a count of the measurement's series. */
const MOST_TAGS = 16;

/**
 * The measurement with the most series, and its tag with the most values. At most 3 + 16 requests, each of which may
 * cost the engine 5 to 10 microseconds of CPU and for a moment 1 kB of memory a series: for a database that is in
 * trouble already, not for a look now and then. Tags that cannot be counted are left out. Throws InfluxError.
 */
export async function findGrowing(
  client: InfluxClient,
  database: string,
  signal?: AbortSignal,
): Promise<Growing> {
  const ask = (statement: string): Promise<StatementResult> => client.one(statement, { signal });
  const [count] = rows(await ask(influxql.showMeasurementCardinality(database)));
  if (Number(Object.values(count ?? {})[0] ?? 0) > MANY_MEASUREMENTS) return { what: 'Measurements' };

  const { series } = await ask(influxql.showSeriesExactCardinality(database));
  const counts = series.map(({ name = '', values }) => ({ name, count: Number(values[0]?.at(-1) ?? 0) }));
  const measurement = largest(counts);
  if (measurement === undefined) return { what: 'Nothing' };

  const keys = rows(await ask(influxql.showTagKeys(database, measurement))).map((row) =>
    String(row['tagKey']),
  );
  const tags: { name: string; count: number }[] = [];
  for (const key of keys.slice(0, MOST_TAGS)) {
    // What takes too long is no reason to forget what is known already.
    const answer = await ask(influxql.showTagValuesCardinality(database, measurement, key)).catch(
      () => undefined,
    );
    if (answer === undefined) break;
    tags.push({ name: key, count: Number(rows(answer)[0]?.['count'] ?? 0) });
  }
  const tag = largest(tags);
  return tag === undefined ? { what: 'Measurement', measurement } : { what: 'Tag', measurement, tag };
}

function largest(counts: readonly { readonly name: string; readonly count: number }[]): string | undefined {
  const sorted = counts.toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  return sorted[0]?.name;
}
