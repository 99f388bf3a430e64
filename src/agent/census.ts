import type { BackupCounts, BackupManifest } from '../backup/manifest.ts';
import type { InfluxClient } from '../influx/v1/client.ts';
import { readDatabase } from '../influx/v1/database.ts';
import { readFigures } from '../influx/v1/figures.ts';
import { InfluxError } from '../influx/influx-error.ts';
import { identifier, showGrants, showRetentionPolicies } from '../influx/v1/influxql.ts';
import { rows } from '../influx/v1/results.ts';
import { listShards } from '../influx/v1/shards.ts';
import { JobError } from './job/job-error.ts';

/** What the server says about a database and about itself. */
export interface Census {
  /** When the server's process began; another one is another server. */
  readonly serverStarted: string;
  readonly engineVersion: string;
  readonly database: BackupManifest['database'];
  /** IDs of the shards that have been written to. */
  readonly shards: readonly number[];
  readonly dataBytes: number;
  readonly series: number;
}

const MAX_USERS = 200;

/** As an administrator. @throws JobError */
export async function takeCensus(client: InfluxClient, name: string, signal: AbortSignal): Promise<Census> {
  try {
    const engineVersion = await client.ping(signal);
    const state = await readDatabase(client, { id: name }, signal);
    if (!state.databases.includes(name))
      throw new JobError('DatabaseMissing', `The server has no database ${name}.`);
    const grants: { user: string; privilege: string }[] = [];
    for (const { name: user, admin } of state.users.slice(0, MAX_USERS)) {
      if (admin) continue;
      for (const row of rows(await client.one(showGrants(user), { signal })))
        if (row['database'] === name) grants.push({ user, privilege: String(row['privilege']) });
    }
    const system = rows(await client.one("SHOW DIAGNOSTICS FOR 'system'", { signal }))[0];
    const shards = await listShards(client, name, signal);
    const { dataBytes, series } = await readFigures(client, name, signal);
    return {
      serverStarted: String(system?.['started']),
      engineVersion,
      database: {
        name,
        retentionPolicies: state.retentionPolicies,
        continuousQueries: state.continuousQueries,
        users: state.users,
        grants,
      },
      shards: shards.filter(({ isOpen }) => isOpen).map(({ id }) => id),
      dataBytes,
      series,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(error);
  }
}

/** Values of all fields by retention policy, then measurement. */
export type Tally = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Counts every value: one query a retention policy, which scans all of it.
 * @throws InfluxError when the engine will not (its query timeout, too many measurements for an answer)
 */
export async function countValues(
  client: InfluxClient,
  database: string,
  signal: AbortSignal,
): Promise<Tally> {
  const policies = rows(await client.one(showRetentionPolicies(database), { signal }));
  const tally = new Map<string, ReadonlyMap<string, number>>();
  for (const policy of policies.map((row) => String(row['name']))) {
    const everything = `SELECT count(*) FROM ${identifier(database)}.${identifier(policy)}./.*/`;
    const measurements = new Map<string, number>();
    for (const { name = '', values } of (await client.one(everything, { signal })).series) {
      // The first column is the time.
      const sum = values
        .flatMap((row) => row.slice(1))
        .reduce<number>((all, each) => all + Number(each ?? 0), 0);
      measurements.set(name, sum);
    }
    tally.set(policy, measurements);
  }
  return tally;
}

/**
 * Between two counts, of which the first may be missing measurements that came meanwhile. What is in the backup lies
 * between them as long as points only come: of what went, nobody knows whether the tool had read it already.
 */
export function countsBetween(before: Tally, after: Tally): BackupCounts {
  for (const [policy, measurements] of before)
    for (const [measurement, count] of measurements)
      if ((after.get(policy)?.get(measurement) ?? 0) < count)
        return {
          verified: 'Sizes',
          why: `points of ${policy}.${measurement} were removed while it was taken`.slice(0, 512),
        };
  const names = (a: Iterable<string> = [], b: Iterable<string> = []): string[] =>
    [...new Set([...a, ...b])].toSorted();
  return {
    verified: 'Counts',
    policies: names(before.keys(), after.keys()).map((name) => {
      const first = before.get(name);
      const second = after.get(name);
      return {
        name,
        measurements: names(first?.keys(), second?.keys()).map((measurement) => {
          const values = { atLeast: first?.get(measurement) ?? 0, atMost: second?.get(measurement) ?? 0 };
          return { name: measurement, values };
        }),
      };
    }),
  };
}

/** The first difference, as a sentence; undefined when what was restored is what was counted. */
export function countDifference(
  counts: Extract<BackupCounts, { verified: 'Counts' }>,
  restored: Tally,
): string | undefined {
  for (const { name, measurements } of counts.policies) {
    const present = restored.get(name);
    for (const { name: measurement, values } of measurements) {
      const found = present?.get(measurement) ?? 0;
      if (found < values.atLeast || found > values.atMost) {
        const expected =
          values.atLeast === values.atMost ? String(values.atLeast) : `${values.atLeast} to ${values.atMost}`;
        return `${found} values in ${name}.${measurement}, where the backup has ${expected}`;
      }
    }
    for (const measurement of present?.keys() ?? [])
      if (!measurements.some((each) => each.name === measurement))
        return `a measurement ${name}.${measurement} that the backup does not have`;
  }
  return undefined;
}

export function totalValues(tally: Tally): number {
  let total = 0;
  for (const measurements of tally.values()) for (const count of measurements.values()) total += count;
  return total;
}

/** What went wrong with the server, as a reason of a Job. */
export function unreachable(error: unknown): JobError {
  if (!(error instanceof InfluxError)) return JobError.from(error);
  return new JobError('DatabaseUnreachable', `The database does not answer as it should: ${error.message}.`, {
    cause: error,
  });
}
