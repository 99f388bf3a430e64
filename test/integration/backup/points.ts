import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InfluxClient } from '../../../src/influx/v1/client.ts';

/** Checksums of what queries answer: two databases with the same are the same to an application. */
export async function fingerprints(client: InfluxClient, db: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const policy of ['autogen', 'week', 'year']) {
    const from = `"${db}"."${policy}"./.*/`;
    const [counts, sums, edges, tagged] = await client.query(
      [
        `SELECT count(*) FROM ${from}`,
        `SELECT sum(v), mean(v), spread(v) FROM ${from}`,
        `SELECT first(v), last(v) FROM ${from}`,
        `SELECT sum(v) FROM ${from} WHERE host =~ /^h[0-4]$/ GROUP BY host`,
      ],
      { db },
    );
    found.push([policy, counts?.series, sums?.series, edges?.series, tagged?.series]);
  }
  return found;
}

/** Three retention policies, `series` series over all of them, `points` points in all. */
export async function fill(
  client: InfluxClient,
  db: string,
  { points, series }: { points: number; series: number },
): Promise<void> {
  await client.query([
    `CREATE DATABASE "${db}"`,
    `CREATE RETENTION POLICY "week" ON "${db}" DURATION 520w REPLICATION 1 SHARD DURATION 1w`,
    `CREATE RETENTION POLICY "year" ON "${db}" DURATION INF REPLICATION 1`,
  ]);
  const policies = ['autogen', 'week', 'year'];
  const start = Date.UTC(2026, 0, 1);
  const batch = 20_000;
  for (let from = 0; from < points; from += batch) {
    const lines = policies.map((): string[] => []);
    for (let i = from; i < Math.min(points, from + batch); i += 1) {
      const of = i % series;
      const at = start + Math.floor(i / series) * 60_000;
      lines[of % 3]?.push(`m${of % 7},host=h${of} v=${((i * 7919) % 10_007) / 10},n=${i}i ${at}`);
    }
    for (const [at, rp] of policies.entries())
      await client.write(db, lines[at] ?? [], { rp, precision: 'ms' });
  }
}

/** About so many bytes that do not compress, as strings in one measurement; a point each `stepMs`. */
export async function fillNoise(
  client: InfluxClient,
  db: string,
  bytes: number,
  stepMs = 1_000,
): Promise<void> {
  await client.query(`CREATE DATABASE "${db}"`);
  const chunk = 3_000;
  const lines = Array.from(
    { length: Math.ceil(bytes / chunk) },
    (_, i) =>
      `noise s="${randomBytes((chunk * 3) / 4).toString('base64')}" ${1_760_000_000_000 + i * stepMs}`,
  );
  for (let at = 0; at < lines.length; at += 2_000)
    await writePatiently(client, db, lines.slice(at, at + 2_000));
}

/** The engine refuses what comes faster than it writes its cache to the disk. */
async function writePatiently(client: InfluxClient, db: string, lines: readonly string[]): Promise<void> {
  for (;;) {
    try {
      return await client.write(db, lines, { precision: 'ms' });
    } catch (error) {
      if (!/cache-max-memory-size exceeded/.test(String(error))) throw error;
      await sleep(250);
    }
  }
}
