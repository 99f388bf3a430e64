import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyJobSpec } from '../../backup/protocol.ts';
import type { JobResult } from '../../backup/results.ts';
import { SOURCE_KEYS } from '../../backup/job-files.ts';
import { identifier } from '../../influx/v1/influxql.ts';
import type { JobContext } from '../job/job-context.ts';
import { JobError } from '../job/job-error.ts';
import { RestoreServer } from '../restore-server.ts';
import { lineOf, seriesKey, type Field } from './line-protocol.ts';
import { QueryStream } from './query-stream.ts';
import { readFields, readShape } from './shape.ts';
import { parseSourceUrl } from './source-url.ts';
import {
  countWindows,
  measurementPath,
  totalOf,
  windowDifference,
  windowSeconds,
  within,
  type Windows,
} from './windows.ts';

/*
 * Fills a volume with what a running server of InfluxDB 1.x answers, as any user of the database may ask it. One window
 * of one measurement after the other is read and written as it comes. A window may be copied again at any time: a point
 * is known by its series, its time and its fields. So whoever begins again leaves out the windows that are whole already.
 */

const LINES = 5_000;
const BATCH_BYTES = 1024 * 1024;
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000];
/** More are as many queries and as much memory; shards of years in a policy without an end make them. */
const MAX_WINDOWS = 500_000;

/** @throws JobError */
export async function copyDatabase(spec: CopyJobSpec, context: JobContext): Promise<JobResult> {
  const { url, trust } = await mountedSource(context);
  const address = parseSourceUrl(url);
  await using source = new QueryStream(address, trust, context.signal);
  const shape = await readShape(source, address.database);
  const token = `copy-${createHash('sha256').update(`${address.origin}/${address.database}`).digest('hex')}`;
  const server = await RestoreServer.start(context, token, { resume: true });
  await using target = new QueryStream(
    { ...parseSourceUrl(`${server.origin}/-`), database: spec.target.name },
    { rule: { allowClusterInternal: false, forbidden: [], allowLoopback: true } },
    context.signal,
  );
  const names = { from: address.database, to: spec.target.name };
  const copy = { source, target, server, names, context };
  let points = 0;
  if (!server.filledBefore) {
    await server.createDatabase(names.to, shape.retentionPolicies);
    for (const policy of shape.retentionPolicies) points += await copyPolicy(copy, policy);
    await server.setDurations(names.to, shape.retentionPolicies);
  }
  const refused = await server.addContinuousQueries(shape.continuousQueries, names.from, names.to);
  await server.finish(true);
  return {
    ok: true,
    operation: 'copy',
    engineVersion: spec.target.engineVersion,
    ...(server.filledBefore ? {} : { points }),
    verified: 'Counts',
    continuousQueries: shape.continuousQueries.length - refused.length,
    refusedQueries: refused.slice(0, 8).map((name) => name.slice(0, 256)),
  };
}

interface Copy {
  readonly source: QueryStream;
  readonly target: QueryStream;
  readonly server: RestoreServer;
  readonly names: { readonly from: string; readonly to: string };
  readonly context: JobContext;
}

interface Measurement {
  readonly name: string;
  readonly fields: readonly Field[];
  /** In the source. */
  readonly path: string;
  readonly before: Windows;
  /** What an earlier run has copied. */
  readonly there: Windows;
}

/** @returns values that are in the copy */
async function copyPolicy(
  copy: Copy,
  policy: { readonly name: string; readonly shardDurationSeconds: number },
): Promise<number> {
  const { source, target, names, context } = copy;
  const seconds = windowSeconds(policy.shardDurationSeconds);
  const count = (server: QueryStream, path: string): Promise<Windows> =>
    again(context, () => countWindows(server, path, seconds));
  const measurements: Measurement[] = [];
  let windows = 0;
  for (const [name, fields] of await again(context, () => readFields(source, names.from, policy.name))) {
    const path = measurementPath(names.from, policy.name, name);
    const before = await count(source, path);
    const there = await count(target, measurementPath(names.to, policy.name, name));
    measurements.push({ name, fields, path, before, there });
    windows += before.size + there.size;
    if (windows > MAX_WINDOWS)
      throw new JobError(
        'SourceRefused',
        `The retention policy ${policy.name} has more than ${MAX_WINDOWS} measurements by shards, too many to be copied by queries; import a file of influxd backup instead.`,
      );
  }
  // All measurements of a window before the next one: then one shard after the other is written.
  const starts = [...new Set(measurements.flatMap(({ before }) => [...before.keys()]))].toSorted(ascending);
  context.log('copying', { policy: policy.name, measurements: measurements.length, windows: starts.length });
  for (const [done, start] of starts.entries()) {
    for (const measurement of measurements) {
      const values = measurement.before.get(start);
      if (values === undefined || values === measurement.there.get(start)) continue;
      await again(context, () => copyWindow(copy, policy.name, measurement, within(start, seconds)));
    }
    context.log('copied', { policy: policy.name, windows: done + 1, of: starts.length });
  }
  let points = 0;
  for (const { name, path, before } of measurements) {
    const copied = await count(target, measurementPath(names.to, policy.name, name));
    const why = windowDifference(before, await count(source, path), copied);
    // Whoever writes there meanwhile can make it differ; the next run reads only what does.
    if (why !== undefined)
      throw new JobError(
        'CountsDiffer',
        `The copy of the measurement ${name} (retention policy ${policy.name}) is not what the source has: ${why}.`,
        { retryable: true },
      );
    points += totalOf(copied);
  }
  return points;
}

async function copyWindow(
  { source, server, names, context }: Copy,
  policy: string,
  { name, fields, path }: Measurement,
  condition: string,
): Promise<void> {
  const selected = fields.map((field) => `${identifier(field.name)}::${field.type}`).join(', ');
  let lines: string[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (lines.length > 0) await server.write(names.to, policy, lines);
    lines = [];
    bytes = 0;
  };
  for await (const part of source.ask(`SELECT ${selected} FROM ${path} WHERE ${condition} GROUP BY *`)) {
    const key = sayable(name, () => seriesKey(name, part.tags));
    for (const [time, ...values] of part.values) {
      const line = sayable(name, () => lineOf(key, fields, time, values));
      if (line === undefined) continue;
      lines.push(line);
      bytes += line.length;
      if (lines.length >= LINES || bytes >= BATCH_BYTES) await flush();
    }
    context.signal.throwIfAborted();
  }
  await flush();
}

function sayable<T>(measurement: string, say: () => T): T {
  try {
    return say();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new JobError(
      'SourceRefused',
      `The measurement ${measurement.slice(0, 200)} has ${error.message}, which cannot be written; import a file of influxd backup instead.`,
    );
  }
}

/** Servers are restarted and connections break: what can be read again is, a few times. */
async function again<T>({ signal, log }: JobContext, read: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof JobError) || error.reason !== 'SourceUnreachable') throw error;
      log('again', { why: error.message });
      await sleep(pause, undefined, { signal });
    }
  }
  return await read();
}

async function mountedSource({ files, endpointRule }: JobContext) {
  const entry = (name: string): Promise<string | undefined> =>
    readFile(join(files.source, name), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
  const url = await entry(SOURCE_KEYS.url);
  if (url === undefined)
    throw new JobError(
      'SourceRefused',
      `The Secret of the source is not there, or has no entry ${SOURCE_KEYS.url}.`,
    );
  const allowClusterInternal = (await entry(SOURCE_KEYS.allowClusterInternal)) === 'true';
  return {
    url,
    trust: {
      authority: await entry(SOURCE_KEYS.authority),
      rule: { ...endpointRule, allowClusterInternal },
    },
  };
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
