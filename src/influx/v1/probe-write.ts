import type { InfluxClient } from './client.ts';
import { InfluxError } from '../influx-error.ts';
import { dropSeriesFrom, identifier } from './influxql.ts';
import { rows } from './results.ts';

/** The measurement that the probe writes to and drops; applications leave this name alone. */
export const PROBE_MEASUREMENT = 'influxaddon_probe';

/**
 * Shows that an application can work: writes one point as its user, reads it back, drops it again.
 * Throws InfluxError whose message says which step failed and, where it is known, why. A probe that was cut
 * off leaves one point at most, which the next one drops.
 *
 * @param client  as the application's user
 * @param id      the database
 */
export async function probeWrite(
  client: InfluxClient,
  id: string,
  measurement: string = PROBE_MEASUREMENT,
  signal?: AbortSignal,
): Promise<void> {
  const options = { db: id, signal };
  await step('write', () => client.write(id, `${measurement} value=1i`, { signal }));
  const result = await step('query', () =>
    client.one(`SELECT last("value") FROM ${identifier(measurement)}`, options),
  );
  if (rows(result)[0]?.['last'] !== 1)
    throw new InfluxError('Refused', 'probe query: the point just written is not there');
  await step('drop', () => client.one(dropSeriesFrom(measurement), options));
}

async function step<T>(name: 'write' | 'query' | 'drop', run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (reason) {
    if (!(reason instanceof InfluxError)) throw reason;
    const why = explain(name, reason);
    const message = `probe ${name}: ${reason.message}${why ? ` (${why})` : ''}`;
    throw new InfluxError(reason.kind, message, {
      ...(reason.status === undefined ? {} : { status: reason.status }),
      cause: reason,
    });
  }
}

function explain(name: 'write' | 'query' | 'drop', error: InfluxError): string | undefined {
  if (error.kind === 'Unauthorized') return "the engine does not know the application's user or password";
  if (error.kind === 'Forbidden') return "the application's user lacks its grant on the database";
  if (/retention policy not found/.test(error.message))
    return 'the default retention policy of the database was dropped';
  if (/no space left on device/.test(error.message)) return 'the volume is full';
  if (/cache-max-memory-size exceeded/.test(error.message))
    return 'the plan has too little memory for the writes';
  if (name === 'write' && error.status === 404) return 'the database does not exist';
  return undefined;
}
